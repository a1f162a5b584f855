/** What is known now: snapshots over HTTP, kept fresh by the live link. `null` is "not known". */
import { useSyncExternalStore } from "react";

import type {
  Campaigns,
  EventsPage,
  Health,
  LiveEvent,
  ModelReply,
  ModelState,
  ModelVersion,
  Product,
  Rates,
  Safety,
  Source,
  StockLevel,
  StockPage,
  Timeline,
} from "../contract";
import { ApiError, call, readHealth } from "./api";
import { type LinkStatus, type Notice, socketService } from "./socketService";

const LATEST_EVENTS = 200;
const KEPT_EVENTS = 2000;
export const SAMPLES = 60;
export const SAMPLE_MS = 2000;
const SOURCES_EVERY_MS = 20_000;
const WITHOUT_LINK_MS = 2000;
const RETRY_MS = 2000;
const RETRIES = 5;

export interface Live {
  link: LinkStatus;
  health: Health | null;
  safety: Safety | null;
  campaigns: Campaigns | null;
  timeline: Timeline | null;
  model: ModelState | null;
  versions: ModelVersion[] | null;
  rates: Rates | null;
  /** Signals per minute, all sources, one sample every SAMPLE_MS; null while unknown. */
  rateSamples: (number | null)[];
  sources: Source[] | null;
  stock: ReadonlyMap<string, Product> | null;
  nextStock: string | null;
  /** Ascending by offset, without gaps. */
  events: LiveEvent[] | null;
  epoch: string | null;
}

const NOTHING: Live = {
  link: { phase: "idle", reason: null, code: null, behind: 0, heardAt: null },
  health: null,
  safety: null,
  campaigns: null,
  timeline: null,
  model: null,
  versions: null,
  rates: null,
  rateSamples: [],
  sources: null,
  stock: null,
  nextStock: null,
  events: null,
  epoch: null,
};

class LiveStore {
  private live = NOTHING;
  private readonly listeners = new Set<() => void>();
  private scheduled = false;
  private round = 0;
  private early = new Map<string, StockLevel>();
  private stopAll: (() => void) | null = null;

  get = (): Live => this.live;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Follow the daemon until `stop`. */
  start(): void {
    if (this.stopAll !== null) return;
    const unsubscribe = socketService.subscribe((notice) => this.hear(notice));
    const sampling = window.setInterval(() => this.sample(), SAMPLE_MS);
    const sources = window.setInterval(() => this.loadSources(), SOURCES_EVERY_MS);
    const asking = window.setInterval(() => this.askWithoutLink(), WITHOUT_LINK_MS);
    const hurry = () => socketService.hurry();
    window.addEventListener("online", hurry);
    socketService.connect();
    this.stopAll = () => {
      unsubscribe();
      window.clearInterval(sampling);
      window.clearInterval(sources);
      window.clearInterval(asking);
      window.removeEventListener("online", hurry);
      socketService.disconnect();
    };
  }

  /** Forget everything: somebody else may sign in. */
  stop(): void {
    this.stopAll?.();
    this.stopAll = null;
    this.round += 1;
    this.set(NOTHING);
  }

  /** Load events before the first one that is shown. */
  async loadOlder(): Promise<void> {
    const first = this.live.events?.[0]?.offset;
    if (first === undefined || first <= 1) return;
    const since = Math.max(first - 1 - LATEST_EVENTS, 0);
    await this.loadEvents(since, first - 1 - since);
  }

  /** Load the products after those that are shown. */
  async loadMoreStock(): Promise<void> {
    if (this.live.nextStock !== null) await this.loadStock(this.live.nextStock);
  }

  /** Show a product as a write has just answered it. */
  putProduct(product: Product): void {
    const stock = new Map(this.live.stock ?? []);
    this.set({ stock: stock.set(product.sku, product) });
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
      call<T>("GET", path).then(apply, () => undefined); // unanswered, what is known gets older
    readHealth<Health>().then((health) => this.set({ health }), () => undefined);
    void ask<Safety>("/api/safety", (safety) => this.set({ safety }));
    void ask<Campaigns>("/api/campaigns", (campaigns) => this.set({ campaigns }));
  }

  private setLink(link: LinkStatus): void {
    const lost = link.phase === "waiting" && this.live.link.phase !== "waiting";
    this.set({ link });
    // A refused upgrade does not tell why; any other call says whether the login has ended.
    if (lost) call("GET", "/api/safety").catch(() => undefined);
  }

  private greet(hello: { state: Record<string, unknown>; epoch: string; offset: number }, kept: boolean): void {
    this.round += 1;
    this.early.clear();
    this.set({ epoch: hello.epoch });
    for (const [key, data] of Object.entries(hello.state)) this.setState(key, data);
    if (!("safety" in hello.state)) this.load<Safety>("/api/safety", (safety) => this.set({ safety }));
    if (!("campaigns" in hello.state)) {
      this.load<Campaigns>("/api/campaigns", (campaigns) => this.set({ campaigns }));
    }
    this.loadSources();
    this.loadModel();
    void this.loadStock(null);
    if (kept) return;
    this.set({ events: null });
    void this.loadEvents(Math.max(hello.offset - LATEST_EVENTS, 0), LATEST_EVENTS);
  }

  private setState(key: string, data: unknown): void {
    if (key.startsWith("stock/")) return this.setLevel(key.slice("stock/".length), data as StockLevel | null);
    switch (key) {
      case "safety":
        return this.set({ safety: data as Safety | null });
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
    }
  }

  private setLevel(sku: string, level: StockLevel | null): void {
    if (level === null) return;
    this.early.set(sku, level);
    if (this.live.stock === null) return;
    const known = this.live.stock.get(sku);
    if (known === undefined && this.live.nextStock !== null) return;
    this.putProduct({ campaigns: [], ...known, ...level });
  }

  private setModel(model: ModelState | null): void {
    const trained = model !== null && model.version !== this.live.model?.version;
    this.set({ model });
    if (trained && this.live.versions !== null) this.loadModel();
  }

  private loadModel(): void {
    this.load<ModelReply>("/api/model", (reply) => {
      const { version, observations, pending, prequential, interval, versions } = reply;
      const { mae, baseline_mae } = prequential;
      this.set({ versions, model: { version, observations, pending, mae, baseline_mae, ...interval } });
    });
  }

  private loadSources(): void {
    this.load<{ items: Source[] }>("/api/sources", ({ items }) => this.set({ sources: items }));
  }

  private async loadStock(after: string | null): Promise<void> {
    const query = after === null ? "" : `?${new URLSearchParams({ after })}`;
    await this.load<StockPage>(`/api/stock${query}`, (page) => {
      const stock = new Map(after === null ? [] : this.live.stock);
      for (const product of page.items) {
        stock.set(product.sku, { ...product, ...this.early.get(product.sku) });
      }
      this.set({ stock, nextStock: page.next });
    });
  }

  private async loadEvents(since: number, limit: number): Promise<void> {
    const query = new URLSearchParams({ since: String(since), limit: String(limit) });
    if (this.live.epoch !== null) query.set("epoch", this.live.epoch);
    await this.load<EventsPage>(`/api/events?${query}`, (page) => this.addEvents(page.events));
  }

  private addEvents(more: LiveEvent[]): void {
    const shown = this.live.events ?? [];
    const last = shown[shown.length - 1]?.offset ?? 0;
    const follows = more.every((event) => event.offset > last);
    const events = follows ? [...shown, ...more] : merged(shown, more);
    this.set({ events: events.slice(-KEPT_EVENTS) });
  }

  private async load<T>(path: string, apply: (reply: T) => void): Promise<void> {
    const round = this.round;
    for (let attempt = 0; attempt < RETRIES && round === this.round; attempt += 1) {
      try {
        const reply = await call<T>("GET", path);
        if (round === this.round) apply(reply);
        return;
      } catch (error) {
        const passing = error instanceof ApiError && (error.status === 0 || error.status >= 500);
        if (!passing) return; // it stays unknown
        await new Promise((resolve) => window.setTimeout(resolve, RETRY_MS));
      }
    }
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

export const liveStore = new LiveStore();

/** All that is known, redrawn when it changes. */
export function useLive(): Live {
  return useSyncExternalStore(liveStore.subscribe, liveStore.get);
}
