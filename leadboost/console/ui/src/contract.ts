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
  halts: string[];
  details: Halt[];
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

export interface Campaigns {
  items: Campaign[];
  read_at: string | null;
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
}

export interface Product extends StockLevel {
  /** Links to campaigns; null while they are not known. */
  campaigns: { platform: string; campaign_id: string }[] | null;
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
}

export interface ModelVersion {
  version: number;
  created_at: string;
  metrics: Record<string, number | null>;
}

export interface ModelReply {
  version: number;
  observations: number;
  pending: number;
  prequential: { mae: number | null; baseline_mae: number | null; rows: number };
  interval: { level: number; coverage: number | null };
  versions: ModelVersion[];
}

export interface Source {
  name: string;
  kind: string;
  state: string;
  reason: string | null;
  last_item_at: string | null;
  accepted: number;
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
