/** What is known now: snapshots over HTTP, kept fresh by the live link. `null` is "not known". */
import { useSyncExternalStore } from "react";

import type {
  Campaigns,
  EventsPage,
  Health,
  LiveEvent,
  ModelReply,
  ModelState,
  Product,
  Rates,
  Safety,
  Offer,
  Source,
  SourcesReply,
  StockLevel,
  StockPage,
  Timeline,
} from "../contract";
import { keyOf } from "../figures";
import { ApiError, poll, readHealth, showLife } from "./api";
import { watchPresence } from "./presence";
import { type LinkStatus, NO_LINK, type Notice, type SocketService, socketService } from "./socketService";

const LATEST_EVENTS = 200;
const KEPT_EVENTS = 2000;
/** As far as a person can page back; drawing more would be slow. */
export const MOST_EVENTS = 10_000;
export const SAMPLES = 60;
export const SAMPLE_MS = 2000;
const SOURCES_EVERY_MS = 20_000;
const WITHOUT_LINK_MS = 2000;
const RETRY_MS = 2000;
const REFRESH_MS = 1000;
const WATCH = "/dashboard/ws";
/** What the watched address answers to a request that is no upgrade, when it would take one. */
const WOULD_OPEN = "upgrade_required";

export type Older = "more" | "full" | "gone";

export interface Live {
  link: LinkStatus;
  /** Why the server does not open the link, as the problem's code and text. */
  refusal: { code: string; detail: string } | null;
  health: Health | null;
  safety: Safety | null;
  campaigns: Campaigns | null;
  timeline: Timeline | null;
  model: ModelState | null;
  /** The whole of GET /api/model, as it was when the serving version last changed. */
  report: ModelReply | null;
  rates: Rates | null;
  /** Signals per minute, all sources, one sample every SAMPLE_MS; null while unknown. */
  rateSamples: (number | null)[];
  sources: Source[] | null;
  offers: Offer[] | null;
  stock: ReadonlyMap<string, Product> | null;
  nextStock: string | null;
  /** The base currency, once a product has named it. */
  currency: string | null;
  /** Ascending by offset, without gaps. */
  events: LiveEvent[] | null;
  /** `more`: there are events before those; `full`: more than can be shown; `gone`: the server has none. */
  older: Older;
  epoch: string | null;
}

const NOTHING: Live = {
  link: NO_LINK,
  refusal: null,
  health: null,
  safety: null,
  campaigns: null,
  timeline: null,
  model: null,
  report: null,
  rates: null,
  rateSamples: [],
  sources: null,
  offers: null,
  stock: null,
  nextStock: null,
  currency: null,
  events: null,
  older: "gone",
  epoch: null,
};

type Links = Pick<SocketService, "subscribe" | "connect" | "disconnect" | "hurry">;

export class LiveStore {
  private live = NOTHING;
  private readonly listeners = new Set<() => void>();
  private scheduled = false;
  private round = 0;
  private early = new Map<string, StockLevel>();
  /** How many events are kept; more while somebody pages back. */
  private kept = KEPT_EVENTS;
  private hasSnapshot = false;
  private hasOlder = true;
  private refresh = 0;
  private stockTurn: Promise<void> = Promise.resolve();
  private readonly asked = new Set<string>();
  private readonly askedLinks = new Set<string>();
  private stopAll: (() => void) | null = null;

  constructor(private readonly links: Links) {}

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
      this.cancelRefresh();
      window.removeEventListener("online", hurry);
      leave();
      this.links.disconnect();
    };
  }

  /** Forget everything: somebody else may sign in. */
  stop(): void {
    this.stopAll?.();
    this.stopAll = null;
    this.round += 1;
    this.askedLinks.clear();
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

  /** Load the products after those that are shown. */
  async loadMoreStock(): Promise<void> {
    await this.inTurn(async () => {
      const { nextStock, stock } = this.live;
      if (nextStock === null) return;
      const shown = [...(stock?.values() ?? [])];
      await this.load<StockPage>(stockPath(nextStock), (page) => this.setStock([...shown, ...page.items], page.next));
    });
  }

  /** Show a product as a write has just answered it. */
  putProduct(product: Product): void {
    const stock = new Map(this.live.stock ?? []);
    this.set({ stock: stock.set(product.sku, product) });
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
    this.cancelRefresh(); // all of it comes now
    void this.inTurn(() => this.loadStock());
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
    if (key.startsWith("stock/")) return this.setLevel(key.slice("stock/".length), data as StockLevel | null);
    switch (key) {
      case "safety":
        return this.setSafety(data as Safety | null);
      case "links":
        return this.refreshStock();
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
      case "sources":
        return this.setSources((data as { items: Source[] } | null)?.items ?? null);
    }
  }

  private setSafety(safety: Safety | null): void {
    this.set({ safety });
    const halts = safety?.details.filter((halt) => halt.state !== "resumed" && halt.scope.startsWith("sku:")) ?? [];
    for (const { scope, items } of halts) this.checkLinks(scope.slice("sku:".length), items.map(keyOf));
  }

  /** A halt that names a link which the list does not have knows better; ask once for each. */
  private checkLinks(sku: string, named: string[]): void {
    const known = this.live.stock?.get(sku)?.campaigns?.map(keyOf);
    const missing = known === undefined ? [] : named.filter((key) => !known.includes(key));
    const news = missing.filter((key) => !this.askedLinks.has(`${sku} ${key}`));
    for (const key of news) this.askedLinks.add(`${sku} ${key}`);
    if (news.length > 0) this.refreshStock();
  }

  private setLevel(sku: string, level: StockLevel | null): void {
    if (level === null) return;
    this.early.set(sku, level);
    const { stock, nextStock } = this.live;
    if (stock === null) return;
    const known = stock.get(sku);
    if (known === undefined && nextStock !== null && sku > nextStock) return; // on a page that is not loaded
    this.putProduct(withLevel(known ?? { ...level, campaigns: null }, level));
    if (known === undefined) this.refreshStock();
  }

  private setModel(model: ModelState | null): void {
    const trained = model !== null && model.version !== this.live.model?.version;
    this.set({ model });
    if (trained && this.live.report !== null) this.loadModel();
  }

  private loadModel(): void {
    this.load<ModelReply>("/api/model", (report) => {
      const { version, observations, pending, prequential, interval, drift } = report;
      const { mae, baseline_mae } = prequential;
      this.set({ report, model: { version, observations, pending, mae, baseline_mae, ...interval, drift: drift?.state ?? null } });
    });
  }

  private loadSources(): void {
    this.load<SourcesReply>("/api/sources", ({ items, offers }) => this.set({ sources: items, offers }));
  }

  /** The link says what changed; what it says nothing of comes with the next reading. */
  private setSources(states: Pick<Source, "name" | "state" | "reason">[] | null): void {
    const { sources } = this.live;
    if (sources === null || states === null) return;
    const byName = new Map(states.map((state) => [state.name, state]));
    this.set({ sources: sources.map((source) => ({ ...source, ...byName.get(source.name) })) });
    this.loadSources();
  }

  /** Load the list anew, a moment later: changes often come many at once. */
  private refreshStock(): void {
    if (this.refresh !== 0) return;
    this.refresh = window.setTimeout(() => {
      void this.inTurn(() => {
        this.refresh = 0;
        return this.loadStock();
      });
    }, REFRESH_MS);
  }

  private cancelRefresh(): void {
    window.clearTimeout(this.refresh);
    this.refresh = 0;
  }

  /** One load of the list after the other: a slow one would undo what a later one has shown. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.stockTurn = this.stockTurn.then(work);
    return this.stockTurn;
  }

  /** Load as much of the list as is shown, the first page at least. */
  private async loadStock(): Promise<void> {
    const items: Product[] = [];
    const upTo = this.live.stock === null ? "" : this.live.nextStock;
    let after: string | null = null;
    do {
      const page: StockPage | null = await this.load<StockPage>(stockPath(after));
      if (page === null) return;
      items.push(...page.items);
      after = page.next;
    } while (after !== null && (upTo === null || after < upTo));
    this.setStock(items, after);
  }

  private setStock(items: Product[], nextStock: string | null): void {
    const stock = new Map(items.map((product) => [product.sku, withLevel(product, this.early.get(product.sku))]));
    this.set({ stock, nextStock, currency: items[0]?.currency ?? this.live.currency });
  }

  private async loadEvents(since: number, limit: number, then: () => void = () => {}): Promise<void> {
    const query = new URLSearchParams({ since: String(since), limit: String(limit) });
    if (this.live.epoch !== null) query.set("epoch", this.live.epoch);
    await this.load<EventsPage>(`/api/events?${query}`, (page) => {
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

  /** Answers null where it stays unknown; a fault that passes is tried again for as long as the link holds. */
  private async load<T>(path: string, apply: (reply: T) => void = () => {}): Promise<T | null> {
    const round = this.round;
    const question = `${round} ${path}`;
    if (this.asked.has(question)) return null; // what a timer asks for does not pile up
    this.asked.add(question);
    try {
      return await this.ask(path, round, apply);
    } finally {
      this.asked.delete(question);
    }
  }

  private async ask<T>(path: string, round: number, apply: (reply: T) => void): Promise<T | null> {
    while (round === this.round) {
      try {
        const reply = await poll<T>(path);
        if (round !== this.round) return null;
        apply(reply);
        return reply;
      } catch (error) {
        const passing = error instanceof ApiError && (error.status === 0 || error.status >= 500);
        if (!passing) return null;
        await new Promise((resolve) => window.setTimeout(resolve, RETRY_MS));
      }
    }
    return null;
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

function stockPath(after: string | null): string {
  return after === null ? "/api/stock" : `/api/stock?${new URLSearchParams({ after })}`;
}

/** A level does not always know the title. */
function withLevel(product: Product, level: StockLevel | undefined): Product {
  return level === undefined ? product : { ...product, ...level, title: level.title ?? product.title };
}

export const liveStore = new LiveStore(socketService);

/** All that is known, redrawn when it changes. */
export function useLive(): Live {
  return useSyncExternalStore(liveStore.subscribe, liveStore.get);
}
