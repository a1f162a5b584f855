import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { LiveEvent } from "../contract";
import { LiveStore, MOST_EVENTS } from "./liveStore";
import { type Listener, type LinkStatus, NO_LINK } from "./socketService";

const LEVEL = { title: null, on_hand: 5, reserved: 0, available: 5, floor: 1, sold_per_day: 2, runway_days: 2.5 };
const event = (offset: number): LiveEvent => ({ offset, kind: "k", at: "2026-01-01T00:00:00Z", data: {} });

/** A daemon's answers, and its link. A path without an answer waits until it is given one. */
class Daemon {
  readonly asked: string[] = [];
  readonly answers = new Map<string, (query: URLSearchParams) => unknown>();
  tell: Listener = () => {};
  readonly store = new LiveStore({
    subscribe: (listener) => {
      this.tell = listener;
      return () => true;
    },
    connect: () => {},
    disconnect: () => {},
    hurry: () => {},
  });

  constructor() {
    for (const path of ["/api/safety", "/api/campaigns", "/api/sources", "/api/model"]) this.refuses(path, 404, "none");
    this.answers.set("/api/stock", () => ({ items: [], next: null }));
    this.answers.set("/api/events", (query) => this.events(Number(query.get("since")), Number(query.get("limit"))));
  }

  fetch = (path: string): Promise<Response> => {
    const url = new URL(path, "http://daemon");
    this.asked.push(path);
    const answer = this.answers.get(url.pathname);
    if (answer === undefined) return new Promise(() => {});
    const reply = answer(url.searchParams);
    return Promise.resolve(reply instanceof Response ? reply : new Response(JSON.stringify(reply)));
  };

  refuses(path: string, status: number, code: string): void {
    this.answers.set(path, () => new Response(JSON.stringify({ code, detail: `${code} it is` }), { status }));
  }

  greets(offset: number, recovered = false, state: Record<string, unknown> = {}): void {
    const hello = { t: "hello" as const, epoch: "e", offset, recovered, state, demo: true, version: "1" };
    this.tell({ kind: "hello", hello, recovered });
    this.link({ phase: "live" });
  }

  link(status: Partial<LinkStatus>): void {
    this.tell({ kind: "status", status: { ...NO_LINK, ...status } });
  }

  says(key: string, data: unknown): void {
    this.tell({ kind: "state", key, data });
  }

  get offsets(): number[] | undefined {
    return this.store.get().events?.map(({ offset }) => offset);
  }

  private events(since: number, limit: number): unknown {
    const events = Array.from({ length: limit }, (_, index) => event(since + 1 + index));
    return { epoch: "e", offset: since + limit, recovered: true, events };
  }
}

const settle = () => vi.advanceTimersByTimeAsync(0);
let daemon: Daemon;

beforeEach(() => {
  vi.useFakeTimers();
  daemon = new Daemon();
  const place = Object.assign(new EventTarget(), {
    setTimeout, clearTimeout, setInterval, clearInterval, requestAnimationFrame: () => 0,
  });
  vi.stubGlobal("window", place);
  vi.stubGlobal("fetch", daemon.fetch);
  daemon.store.start();
});

afterEach(() => {
  daemon.store.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("events", () => {
  it("are loaded after all when a reconnect cuts their loading short, whatever came in between", async () => {
    const load = daemon.answers.get("/api/events");
    daemon.answers.delete("/api/events");
    daemon.greets(300);
    daemon.tell({ kind: "event", event: event(301) });
    daemon.answers.set("/api/events", load ?? (() => null));
    daemon.greets(301, true);
    await settle();

    expect(daemon.offsets).toEqual(Array.from({ length: 200 }, (_, index) => 102 + index));
  });

  it("are loaded once where a reconnect finds them there", async () => {
    daemon.greets(300);
    await settle();
    daemon.greets(300, true);
    await settle();

    expect(daemon.asked.filter((path) => path.startsWith("/api/events"))).toHaveLength(1);
  });

  it("are asked for until they come", async () => {
    const load = daemon.answers.get("/api/events");
    daemon.refuses("/api/events", 503, "store_unavailable");
    daemon.greets(2);
    await vi.advanceTimersByTimeAsync(60_000);
    daemon.answers.set("/api/events", load ?? (() => null));
    await vi.advanceTimersByTimeAsync(2000);

    expect(daemon.offsets).toContain(1);
  });

  it("go back as far as a person pages, up to a bound that is told", async () => {
    daemon.greets(50_000);
    await settle();
    for (let page = 1; page < MOST_EVENTS / 200; page += 1) await daemon.store.loadOlder();

    expect(daemon.offsets).toHaveLength(MOST_EVENTS);
    expect(daemon.offsets?.[0]).toBe(50_000 - MOST_EVENTS + 1);
    expect(daemon.store.get().older).toBe("full");
    daemon.store.forgetOlder();
    expect(daemon.store.get()).toMatchObject({ older: "more", events: { length: 2000 } });
  });

  it("have nothing before the first", async () => {
    daemon.greets(200);
    await settle();

    expect(daemon.store.get().older).toBe("gone");
  });
});

describe("linked campaigns", () => {
  const link = { platform: "meta_ads", campaign_id: "1" };

  it("are unknown of a product that is new, until the list says which they are", async () => {
    daemon.greets(0);
    await settle();
    daemon.says("stock/cup", { ...LEVEL, sku: "cup" });
    expect(daemon.store.get().stock?.get("cup")?.campaigns).toBeNull();

    daemon.answers.set("/api/stock", () => ({ items: [{ ...LEVEL, sku: "cup", campaigns: [link] }], next: null }));
    await vi.advanceTimersByTimeAsync(1000);
    expect(daemon.store.get().stock?.get("cup")?.campaigns).toEqual([link]);
  });

  it.each([
    ["a change of links is told", "links", { revision: 2 }],
    ["a halt names one more", "safety", { details: [{ state: "pausing", scope: "sku:cup", items: [link] }] }],
  ])("are read again when %s", async (_, key, data) => {
    daemon.answers.set("/api/stock", () => ({ items: [{ ...LEVEL, sku: "cup", campaigns: [] }], next: null }));
    daemon.greets(0);
    await settle();
    daemon.answers.set("/api/stock", () => ({ items: [{ ...LEVEL, sku: "cup", campaigns: [link] }], next: null }));
    daemon.says(key, data);
    await vi.advanceTimersByTimeAsync(1000);

    expect(daemon.store.get().stock?.get("cup")?.campaigns).toEqual([link]);
  });

  it("stay, and the title too, when a level comes that names neither", async () => {
    const cup = { ...LEVEL, sku: "cup", title: "Cup", campaigns: [link] };
    daemon.answers.set("/api/stock", () => ({ items: [cup], next: null }));
    daemon.greets(0);
    await settle();
    daemon.says("stock/cup", { ...LEVEL, sku: "cup", available: 3 });

    expect(daemon.store.get().stock?.get("cup")).toEqual({ ...cup, available: 3 });
  });
});

describe("a link that the server refuses", () => {
  it("tells why, by what the same address answers to a plain request", async () => {
    daemon.refuses("/dashboard/ws", 429, "too_many_sockets");
    daemon.link({ phase: "waiting", code: 1006, unheard: true });
    await settle();
    expect(daemon.store.get().refusal).toEqual({ code: "too_many_sockets", detail: "too_many_sockets it is" });

    daemon.greets(0);
    expect(daemon.store.get().refusal).toBeNull();
  });

  it("has no reason to tell where the server would open one now", async () => {
    daemon.refuses("/dashboard/ws", 426, "upgrade_required");
    daemon.link({ phase: "waiting", code: 1006, unheard: true });
    await settle();

    expect(daemon.store.get().refusal).toBeNull();
  });

  it("takes up what the link says of a source, and a source as a write answered it", async () => {
    const source = { name: "news", state: "up", reason: null, muted: false };
    daemon.answers.set("/api/sources", () => ({ items: [source], offers: [] }));
    daemon.greets(0);
    await settle();

    daemon.answers.delete("/api/sources"); // the next reading is still on its way
    daemon.says("sources", { items: [{ name: "news", state: "silent", reason: "nothing for 3 h" }] });
    expect(daemon.store.get().sources).toMatchObject([{ state: "silent", reason: "nothing for 3 h", muted: false }]);

    daemon.store.putSource({ ...source, state: "muted", muted: true } as never);
    expect(daemon.store.get().sources).toMatchObject([{ state: "muted", muted: true }]);
  });

  it("reads the model again when another version serves", async () => {
    const reply = { version: 1, observations: 1, pending: 0, prequential: {}, interval: {}, drift: null, versions: [], members: [], history: [] };
    daemon.answers.set("/api/model", () => reply);
    daemon.greets(0);
    await settle();
    daemon.answers.set("/api/model", () => ({ ...reply, version: 2, drift: { state: "drifted" } }));
    daemon.says("model", { version: 2 });
    await settle();

    expect(daemon.store.get()).toMatchObject({ report: { version: 2 }, model: { drift: "drifted" } });
  });
});
