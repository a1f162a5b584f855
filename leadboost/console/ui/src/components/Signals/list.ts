/** A listing of signals, newest first, that grows at both ends. */
import type { Signal, SignalsPage } from "../../contract";

export interface Filters {
  text: string;
  source: string;
  state: string;
  topic: string;
}

export const NO_FILTERS: Filters = { text: "", source: "", state: "", topic: "" };
export const PAGE = 50;

export interface Listing {
  items: Signal[];
  /** Where older ones go on; null where there are none. */
  next: number | null;
  /** Newer than those shown, and not shown yet. */
  news: Signal[];
}

/** Where the page of these signals is. */
export function pathOf(filters: Partial<Filters & { cluster: string }>, before: number | null = null): string {
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const [name, value] of Object.entries(filters)) if (value.trim() !== "") query.set(name, value.trim());
  if (before !== null) query.set("before", String(before));
  return `/api/signals?${query}`;
}

/**
 * What is shown after the newest page was read again: known signals as they are now, without those that
 * are no longer in it; new ones wait in `news`. A page that shares nothing with the list replaces it,
 * for what came between is not known.
 */
export function renewed(listing: Listing, page: SignalsPage): Listing {
  const latest = new Map(page.items.map((signal) => [signal.id, signal]));
  const last = listing.items.findLastIndex(({ id }) => latest.has(id));
  if (last === -1) return { ...page, news: [] };
  const items = listing.items
    .filter(({ id }, index) => latest.has(id) || index > last)
    .map((signal) => latest.get(signal.id) ?? signal);
  const known = new Set(items.map(({ id }) => id));
  return { ...listing, items, news: page.items.filter(({ id }) => !known.has(id)) };
}

/** Show what was new. */
export function shown(listing: Listing): Listing {
  return { ...listing, items: [...listing.news, ...listing.items], news: [] };
}

/** Add the page after those that are shown. */
export function grown(listing: Listing, page: SignalsPage): Listing {
  const known = new Set(listing.items.map(({ id }) => id));
  const items = [...listing.items, ...page.items.filter(({ id }) => !known.has(id))];
  return { ...listing, items, next: page.next };
}

/** Show one signal as a write has just answered it. */
export function changed(listing: Listing, signal: Signal): Listing {
  const put = (items: Signal[]) => items.map((each) => (each.id === signal.id ? signal : each));
  return { ...listing, items: put(listing.items), news: put(listing.news) };
}
