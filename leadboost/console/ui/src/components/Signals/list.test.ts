import { describe, expect, it } from "vitest";

import type { Signal } from "../../contract";
import { changed, grown, type Listing, NO_FILTERS, pathOf, renewed, shown } from "./list";

const signal = (id: string, change: Partial<Signal> = {}): Signal => ({
  id, source: "s", external_id: id, text: id, title: null, url: null, author: null, published_at: null, engagement: {}, extra: {},
  state: "pending", reason: null, heard_at: "2026-01-01T00:00:00Z", language: null, topics: [], spam: null, cluster: null,
  decided_by: null, ...change,
});
const listing = (...ids: string[]): Listing => ({ items: ids.map((id) => signal(id)), next: 1, news: [] });
const page = (...items: Signal[]) => ({ items, next: 9 });
const ids = (signals: Signal[]) => signals.map(({ id }) => id).join("");

describe("a listing of signals", () => {
  it("asks for what is filtered and leaves out what is not", () => {
    expect(pathOf(NO_FILTERS)).toBe("/api/signals?limit=50");
    expect(pathOf({ ...NO_FILTERS, text: " a&b ", state: "rejected" }, 7)).toBe("/api/signals?limit=50&text=a%26b&state=rejected&before=7");
  });

  it("keeps new signals apart until they are wanted", () => {
    const held = renewed(listing("b", "a"), page(signal("c"), signal("b"), signal("a")));

    expect([ids(held.items), ids(held.news)]).toEqual(["ba", "c"]);
    expect(ids(shown(held).items)).toBe("cba");
  });

  it("takes up what has changed in known ones", () => {
    const now = renewed(listing("b", "a"), page(signal("b"), signal("a", { state: "processed" })));

    expect(now.items[1]?.state).toBe("processed");
  });

  it("drops what no longer matches, and keeps older ones beyond the page", () => {
    const now = renewed(listing("c", "b", "a", "older"), page(signal("c"), signal("a")));

    expect(ids(now.items)).toBe("caolder");
    expect(now.next).toBe(1);
  });

  it("begins anew where something between is not known", () => {
    const now = renewed(listing("a"), page(signal("z"), signal("y")));

    expect([ids(now.items), now.next, now.news]).toEqual(["zy", 9, []]);
  });

  it("grows by a page without doubling", () => {
    expect(ids(grown(listing("b", "a"), page(signal("a"), signal("o"))).items)).toBe("bao");
  });

  it("shows a signal as a write answered it, also among the new ones", () => {
    const now = changed({ ...listing("a"), news: [signal("n")] }, signal("n", { state: "rejected" }));

    expect(now.news[0]?.state).toBe("rejected");
  });
});
