/** What the daemon sends. Amounts are units of their currency, times ISO 8601 in UTC. */

export type Role = "viewer" | "operator" | "approver" | "admin";

export interface Session {
  name: string;
  role: Role;
  demo: boolean;
  expires_at: string;
}

export interface Component {
  name: string;
  state: string;
  detail: string | null;
  took_s?: number | null;
}

export interface Health {
  mode: "starting" | "running" | "safe_mode" | "stopping";
  version: string;
  demo: boolean;
  components: Component[];
  problems: string[];
}

export type ItemStatus = "requested" | "accepted" | "confirmed" | "unconfirmed";
export type HaltState = "pausing" | "confirmed" | "unconfirmed" | "resumed";

export interface HaltItem {
  platform: string;
  campaign_id: string;
  name: string | null;
  status: ItemStatus;
  attempts: number;
  confirmed_at: string | null;
  daily_budget: number | null;
  currency: string | null;
  error: string | null;
}

export interface Halt {
  id: string;
  state: HaltState;
  reason: string;
  scope: string;
  tripped_by: string;
  tripped_at: string;
  approvals: number;
  needed: number;
  items: HaltItem[];
}

export interface Safety {
  state: "ACTIVE" | "REDUCING" | "HALTED";
  gate: { open: boolean; reasons: string[] };
  since: string | null;
  reason: string | null;
  /** Scopes within which spend may only be lowered. */
  reducing: string[];
  halts: string[];
  details: Halt[];
}

export interface Look {
  rule: string;
  subject: string;
  outcome: "fired" | "skipped" | "clear" | "errored";
  skip: string | null;
  detail: string;
  shadow: boolean;
}

export interface Firing {
  rule: string;
  kind: string;
  subject: string;
  action: "halt" | "reduce";
  shadow: boolean;
  at: string;
  detail: string;
}

export interface Rule {
  name: string;
  kind: string;
  scope: string;
  action: "halt" | "reduce";
  mode: "on" | "shadow" | "off";
  origin: "built_in" | "file" | "api";
  /** What to send to keep it as it is. */
  written: Record<string, unknown>;
  clear: number;
  looks: Look[];
  last_fired: Firing | null;
}

export interface RulesReply {
  items: Rule[];
  looked_at: string | null;
  firings: Firing[];
  file_problem: string | null;
  doubted: string[];
}

export interface PreviewReply {
  at: string;
  evaluated: number;
  matched: Look[];
  skipped: Look[];
  errored: Look[];
}

export interface ReplayReply {
  days: number;
  hold_days: number;
  currency: string;
  items: {
    rule: string;
    fired: number;
    false_pauses: number;
    spend_avoided: number;
    revenue_forgone: number;
    saved: number;
    not_kept: string | null;
  }[];
}

export interface Campaign {
  platform: string;
  account_id: string;
  campaign_id: string;
  name: string;
  status: string;
  effective_status: string;
  daily_budget: number | null;
  currency: string | null;
}

export interface AdAccount {
  platform: string;
  account_id: string;
  read_at: string | null;
  error: string | null;
}

export interface Campaigns {
  items: Campaign[];
  read_at: string | null;
  accounts: AdAccount[];
}

/** What a campaign spent and earned; `roi` is null where nothing was spent. */
export interface CampaignResult {
  platform: string;
  campaign_id: string;
  spend: number;
  revenue: number;
  roi: number | null;
  days: number;
  last_day: string;
}

export interface CampaignLink {
  platform: string;
  campaign_id: string;
  sku: string;
}

export interface LinkProposal extends CampaignLink {
  campaign_name: string;
  title: string | null;
  share: number;
}

export interface CampaignAction {
  platform: string;
  campaign_id: string;
  kind: string;
  state: "intended" | "sent" | "confirmed" | "failed" | "unknown";
  error: string | null;
  intended_at: string;
  settled_at: string | null;
}

export interface CampaignBooks {
  since: string;
  currency: string;
  results: CampaignResult[];
  links: CampaignLink[];
  proposals: LinkProposal[];
  actions: CampaignAction[];
}

/** An ad account, and how far this host has read its results. */
export interface Connection {
  name: string;
  account_id: string;
  state: "ok" | "waiting" | "failing";
  read_at: string | null;
  error: string | null;
  results_read_at: string | null;
  results_since: string | null;
  results_days: number;
  results_tell_value: boolean;
  results_error: string | null;
}

export interface AlertDelivery {
  channel: string;
  notice: "raised" | "reminded" | "acknowledged" | "resolved";
  state: "pending" | "delivered" | "failed" | "dropped";
  attempts: number;
  created_at: string;
  settled_at: string | null;
  error: string | null;
}

export type AlertSeverity = "critical" | "warning" | "info";

export interface RaisedAlert {
  id: string;
  key: string;
  severity: AlertSeverity;
  state: "open" | "acknowledged" | "resolved";
  title: string;
  detail: string;
  subjects: string[];
  count: number;
  rounds: number;
  raised_at: string;
  last_at: string;
  next_round_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  note: string | null;
  resolved_at: string | null;
  deliveries: AlertDelivery[];
}

export interface AlertChannel {
  name: string;
  level: number;
  least: AlertSeverity;
  state: "RUNNING" | "WAITING" | "DEGRADED";
  detail: string | null;
  pending: number;
}

export interface AlertsReply {
  items: RaisedAlert[];
  channels: AlertChannel[];
}

export interface AlertCounts {
  open: number;
  critical: number;
  acknowledged: number;
  undelivered: number;
}

export interface ChannelTried {
  ok: boolean;
  detail: string | null;
}

export const STEPS = ["radar", "analyst", "advisor", "actuator", "quality", "report"] as const;
export type StepName = (typeof STEPS)[number];
export type StepState = "IDLE" | "PROCESSING" | "COMPLETE" | "ERROR" | "NOT_INSTALLED";

export interface Step {
  step: StepName;
  state: StepState;
  detail: string | null;
  at: string | null;
  run_id: string | null;
}

export interface Timeline {
  steps: Step[];
}

export interface StockLevel {
  sku: string;
  title: string | null;
  on_hand: number;
  reserved: number;
  available: number;
  floor: number;
  /** Units a day while there was something to sell, and how many days the rest lasts; null while unknown. */
  sold_per_day: number | null;
  runway_days: number | null;
}

export interface Product extends StockLevel {
  currency?: string;
  /** Links to campaigns; null while they are not known. */
  campaigns: { platform: string; campaign_id: string }[] | null;
}

/** A change of what is on hand; `remaining` was available afterwards. */
export interface StockMove {
  id: string;
  at: string;
  kind: string;
  quantity: number;
  remaining: number;
  by: string;
  reason: string | null;
  trace: string | null;
  unit_price: number | null;
  currency: string | null;
}

/** Newest first. The sum of all rows, `balance`, is what is on hand. */
export interface StockLedger {
  sku: string;
  on_hand: number;
  balance: number;
  items: StockMove[];
  reservations: { id: string; quantity: number; by: string; created_at: string; expires_at: string }[];
}

export interface StockPage {
  items: Product[];
  next: string | null;
}

export interface ModelState {
  version: number;
  observations: number;
  mae: number | null;
  baseline_mae: number | null;
  level: number;
  coverage: number | null;
  pending: number;
  drift: string | null;
}

export interface ModelVersion {
  version: number;
  created_at: string;
  observations: number;
  mae: number | null;
  baseline_mae: number | null;
  coverage: number | null;
  sha256: string;
  feature_version: string;
  serving: boolean;
}

export interface Drift {
  state: "none" | "suspected" | "drifted";
  since: string | null;
  detail: string | null;
}

/** One of the learners that are mixed: its share of the answer and its recent error. */
export interface Member {
  name: string;
  share: number;
  error: number | null;
}

/** A window of rows, each predicted before it was learned. */
export interface LearnedWindow {
  at: string;
  rows: number;
  mae: number | null;
  baseline_mae: number | null;
  coverage: number | null;
}

export interface ModelReply {
  version: number;
  observations: number;
  pending: number;
  prequential: { mae: number | null; baseline_mae: number | null; rows: number };
  interval: { level: number; coverage: number | null };
  drift: Drift | null;
  versions: ModelVersion[];
  members: Member[];
  /** Oldest first. */
  history: LearnedWindow[];
}

export interface Effect {
  feature: string;
  effect: number;
}

/** `base` and all effects add up to log(1 + roi). */
export interface Forecast {
  roi: number;
  expected_roi: number;
  interval: { low: number; high: number; level: number };
  basis: string;
  observations: number;
  model_version: number;
  base: number;
  explanation: Effect[];
}

export interface Cluster {
  id: string;
  size: number;
  sources: number;
  /** The richest copy. */
  lead: boolean;
}

export interface Signal {
  id: string;
  source: string;
  external_id: string;
  text: string;
  title: string | null;
  url: string | null;
  author: string | null;
  published_at: string | null;
  engagement: Record<string, number>;
  extra: Record<string, unknown>;
  state: string;
  /** Why it was rejected: a machine word, a colon, the detail. */
  reason: string | null;
  heard_at: string;
  language: string | null;
  topics: string[];
  spam: number | null;
  cluster: Cluster | null;
  decided_by: string | null;
}

export interface SignalsPage {
  items: Signal[];
  next: number | null;
}

export interface Topic {
  name: string;
  terms: string[];
  examples: string[];
  updated_at: string;
}

export interface Source {
  name: string;
  kind: string;
  state: string;
  reason: string | null;
  muted: boolean;
  last_polled_at: string | null;
  last_item_at: string | null;
  next_due_at: string | null;
  expected_per_day: number | null;
  accepted: number;
  duplicates: number;
  rejected: number | null;
  host: string | null;
}

/** A connector, and what an ordinary business has to do to use it. */
export interface Radar {
  rejections: { source: string; reason: string; count: number }[];
  looked_at: number;
  since: string | null;
  spam: {
    is_scoring: boolean;
    spam_labels: number;
    wanted_labels: number;
    labels_needed: number;
    judged: number;
    precision: number | null;
    recall: number | null;
  };
}

export interface Offer {
  kind: string;
  obtainable: string;
  enabled: boolean;
  note: string;
}

export interface SourcesReply {
  items: Source[];
  offers: Offer[];
}

export interface Rates {
  signals: Record<string, number>;
  sales_per_min: number;
  window_s: number;
}

export interface LiveEvent {
  offset: number;
  kind: string;
  at: string;
  data: Record<string, unknown>;
}

export interface EventsPage {
  epoch: string;
  offset: number;
  recovered: boolean;
  events: LiveEvent[];
}

export interface Hello {
  t: "hello";
  epoch: string;
  offset: number;
  recovered: boolean;
  state: Record<string, unknown>;
  demo: boolean;
  version: string;
  /** Why the server cut this viewer's last link, where the close frame may not have arrived. */
  cut?: { code: number; reason: string } | null;
}

export type Frame =
  | Hello
  | ({ t: "event" } & LiveEvent)
  | { t: "state"; key: string; data: unknown }
  | { t: "ping"; at: string };
