/** What is known now: snapshots over HTTP, kept fresh by the live link. `null` is "not known". */
import { useSyncExternalStore } from "react";

import type {
  AlertCounts,
  AlertsReply,
  Campaigns,
  EventsPage,
  Health,
  LiveEvent,
  ModelReply,
  ModelState,
  Rates,
  Safety,
  Source,
  SourcesReply,
  StockLevel,
  Timeline,
} from "../contract";
import { keyOf } from "../figures";
import { ApiError, poll, readHealth, showLife } from "./api";
import { type Live, NOTHING } from "./live";
import { Loader } from "./loader";
import { watchPresence } from "./presence";
import { type LinkStatus, type Notice, type SocketService, socketService } from "./socketService";
import { StockList } from "./stockList";

const LATEST_EVENTS = 200;
const KEPT_EVENTS = 2000;
/** As far as a person can page back; drawing more would be slow. */
export const MOST_EVENTS = 10_000;
export const SAMPLES = 60;
export const SAMPLE_MS = 2000;
const SOURCES_EVERY_MS = 20_000;
const WITHOUT_LINK_MS = 2000;
const WATCH = "/dashboard/ws";
/** What the watched address answers to a request that is no upgrade, when it would take one. */
const WOULD_OPEN = "upgrade_required";

type Links = Pick<SocketService, "subscribe" | "connect" | "disconnect" | "hurry">;

export class LiveStore {
  private live = NOTHING;
  private readonly listeners = new Set<() => void>();
  private scheduled = false;
  /** How many events are kept; more while somebody pages back. */
  private kept = KEPT_EVENTS;
  private hasSnapshot = false;
  private hasOlder = true;
  private stopAll: (() => void) | null = null;

  readonly products: StockList;
  private readonly loader = new Loader();

  constructor(private readonly links: Links) {
    this.products = new StockList({ get: this.get, set: (change) => this.set(change) }, this.loader);
  }

  get = (): Live => this.live;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Follow the daemon until `stop`. */
  start(): void {
    if (this.stopAll !== null) return;
    const unsubscribe = this.links.subscribe((notice) => this.hear(notice));
    const sampling = window.setInterval(() => this.sample(), SAMPLE_MS);
    const sources = window.setInterval(() => this.loadSources(), SOURCES_EVERY_MS);
    const asking = window.setInterval(() => this.askWithoutLink(), WITHOUT_LINK_MS);
    const hurry = () => this.links.hurry();
    const leave = watchPresence(window, () => void showLife());
    window.addEventListener("online", hurry);
    this.links.connect();
    this.stopAll = () => {
      unsubscribe();
      window.clearInterval(sampling);
      window.clearInterval(sources);
      window.clearInterval(asking);
      window.removeEventListener("online", hurry);
      leave();
      this.links.disconnect();
    };
  }

  /** Forget everything: somebody else may sign in. */
  stop(): void {
    this.stopAll?.();
    this.stopAll = null;
    this.loader.begin();
    this.products.forget();
    this.set(NOTHING);
  }

  /** Load events before the first one that is shown, and keep them until `forgetOlder`. */
  async loadOlder(): Promise<void> {
    const first = this.live.events?.[0]?.offset;
    if (first === undefined || this.live.older !== "more") return;
    const since = Math.max(first - 1 - LATEST_EVENTS, 0);
    this.kept = Math.min(Math.max(this.kept, (this.live.events?.length ?? 0) + LATEST_EVENTS), MOST_EVENTS);
    await this.loadEvents(since, first - 1 - since);
  }

  /** Keep the newest events alone again. */
  forgetOlder(): void {
    this.kept = KEPT_EVENTS;
    if (this.live.events !== null) this.addEvents([]);
  }

  /** Show a source as a write has just answered it. */
  putSource(source: Source): void {
    const { sources } = this.live;
    this.set({ sources: sources && sources.map((each) => (each.name === source.name ? { ...each, ...source } : each)) });
  }

  /** Read the model again: a person has just changed which version serves. */
  reloadModel(): void {
    this.loadModel();
  }

  /** Read alerts and channels again. */
  loadAlerts(): void {
    this.loader.load<AlertsReply>("/api/alerts", (alerts) => this.set({ alerts }));
  }

  private hear(notice: Notice): void {
    switch (notice.kind) {
      case "status":
        return this.setLink(notice.status);
      case "event":
        return this.addEvents([notice.event]);
      case "state":
        return this.setState(notice.key, notice.data);
      case "hello":
        return this.greet(notice.hello, notice.recovered);
    }
  }

  /** In safe mode there is no link, and still the halt goes on: ask for what matters then. */
  private askWithoutLink(): void {
    if (this.live.link.phase !== "waiting") return;
    const ask = <T>(path: string, apply: (reply: T) => void) =>
      poll<T>(path).then(apply, () => undefined); // unanswered, what is known gets older
    readHealth<Health>().then((health) => this.set({ health }), () => undefined);
    void ask<Safety>("/api/safety", (safety) => this.set({ safety }));
    void ask<Campaigns>("/api/campaigns", (campaigns) => this.set({ campaigns }));
  }

  private setLink(link: LinkStatus): void {
    const lost = link.phase === "waiting" && this.live.link.phase !== "waiting";
    this.set(link.phase === "live" ? { link, refusal: null } : { link });
    if (lost) void this.askWhy(link);
  }

  /** A refused upgrade does not tell why; the same address asked plainly does, and whether the login has ended. */
  private async askWhy(link: LinkStatus): Promise<void> {
    const refusal = await poll(WATCH).then(() => null, (error: unknown) => (error instanceof ApiError ? error : null));
    if (this.live.link.phase === "live" || !link.unheard) return;
    const told = refusal !== null && refusal.status !== 0 && refusal.code !== WOULD_OPEN;
    this.set({ refusal: told ? { code: refusal.code, detail: refusal.message } : null });
  }

  private greet(hello: { state: Record<string, unknown>; epoch: string; offset: number }, kept: boolean): void {
    this.loader.begin();
    this.set({ epoch: hello.epoch });
    for (const [key, data] of Object.entries(hello.state)) this.setState(key, data);
    if (!("safety" in hello.state)) this.loader.load<Safety>("/api/safety", (safety) => this.set({ safety }));
    if (!("campaigns" in hello.state)) {
      this.loader.load<Campaigns>("/api/campaigns", (campaigns) => this.set({ campaigns }));
    }
    this.loadSources();
    this.loadModel();
    this.products.greet();
    if (!kept) {
      this.hasSnapshot = false;
      this.hasOlder = true;
      this.set({ events: null });
    }
    if (!this.hasSnapshot) void this.loadLatest(hello.offset);
  }

  /** Go on until they are there: a link that is cut meanwhile asks again. */
  private async loadLatest(offset: number): Promise<void> {
    const since = Math.max(offset - LATEST_EVENTS, 0);
    await this.loadEvents(since, LATEST_EVENTS, () => {
      this.hasSnapshot = true;
    });
  }

  private setState(key: string, data: unknown): void {
    if (key.startsWith("stock/")) return this.products.setLevel(key.slice("stock/".length), data as StockLevel | null);
    switch (key) {
      case "safety":
        return this.setSafety(data as Safety | null);
      case "links":
        return this.products.reload();
      case "campaigns":
        return this.set({ campaigns: data as Campaigns | null });
      case "timeline":
        return this.set({ timeline: data as Timeline | null });
      case "rates":
        return this.set({ rates: data as Rates | null });
      case "health":
        return this.set({ health: data as Health | null });
      case "model":
        return this.setModel(data as ModelState | null);
      case "alerts":
        return this.setAlertCounts(data as AlertCounts | null);
      case "sources":
        return this.setSources((data as { items: Source[] } | null)?.items ?? null);
    }
  }

  private setSafety(safety: Safety | null): void {
    this.set({ safety });
    const halts = safety?.details.filter((halt) => halt.state !== "resumed" && halt.scope.startsWith("sku:")) ?? [];
    for (const { scope, items } of halts) this.products.checkLinks(scope.slice("sku:".length), items.map(keyOf));
  }

  private setAlertCounts(alertCounts: AlertCounts | null): void {
    this.set({ alertCounts });
    if (this.live.alerts !== null) this.loadAlerts();
  }

  private setModel(model: ModelState | null): void {
    const trained = model !== null && model.version !== this.live.model?.version;
    this.set({ model });
    if (trained && this.live.report !== null) this.loadModel();
  }

  private loadModel(): void {
    this.loader.load<ModelReply>("/api/model", (report) => {
      const { version, observations, pending, prequential, interval, drift } = report;
      const { mae, baseline_mae } = prequential;
      this.set({ report, model: { version, observations, pending, mae, baseline_mae, ...interval, drift: drift?.state ?? null } });
    });
  }

  private loadSources(): void {
    this.loader.load<SourcesReply>("/api/sources", ({ items, offers }) => this.set({ sources: items, offers }));
  }

  /** The link says what changed; what it says nothing of comes with the next reading. */
  private setSources(states: Pick<Source, "name" | "state" | "reason">[] | null): void {
    const { sources } = this.live;
    if (sources === null || states === null) return;
    const byName = new Map(states.map((state) => [state.name, state]));
    this.set({ sources: sources.map((source) => ({ ...source, ...byName.get(source.name) })) });
    this.loadSources();
  }

  private async loadEvents(since: number, limit: number, then: () => void = () => {}): Promise<void> {
    const query = new URLSearchParams({ since: String(since), limit: String(limit) });
    if (this.live.epoch !== null) query.set("epoch", this.live.epoch);
    await this.loader.load<EventsPage>(`/api/events?${query}`, (page) => {
      if (!page.recovered) this.hasOlder = false;
      this.addEvents(page.events);
      then();
    });
  }

  private addEvents(more: LiveEvent[]): void {
    const shown = this.live.events ?? [];
    const last = shown[shown.length - 1]?.offset ?? 0;
    const follows = more.every((event) => event.offset > last);
    const events = (follows ? [...shown, ...more] : merged(shown, more)).slice(-this.kept);
    const isFirst = !this.hasOlder || (events[0]?.offset ?? 1) <= 1;
    this.set({ events, older: isFirst ? "gone" : events.length < MOST_EVENTS ? "more" : "full" });
  }

  private sample(): void {
    const { link, rates, rateSamples } = this.live;
    const known = link.phase === "live" && rates !== null;
    const total = known ? Object.values(rates.signals).reduce((sum, rate) => sum + rate, 0) : null;
    this.set({ rateSamples: [...rateSamples, total].slice(-SAMPLES) });
  }

  private set(change: Partial<Live>): void {
    this.live = { ...this.live, ...change };
    if (this.scheduled) return;
    this.scheduled = true;
    // A burst of frames is drawn once.
    window.requestAnimationFrame(() => {
      this.scheduled = false;
      for (const listener of this.listeners) listener();
    });
  }
}

function merged(shown: LiveEvent[], more: LiveEvent[]): LiveEvent[] {
  const byOffset = new Map([...shown, ...more].map((event) => [event.offset, event]));
  return [...byOffset.values()].sort((a, b) => a.offset - b.offset);
}

export const liveStore = new LiveStore(socketService);

/** All that is known, redrawn when it changes. */
export function useLive(): Live {
  return useSyncExternalStore(liveStore.subscribe, liveStore.get);
}
