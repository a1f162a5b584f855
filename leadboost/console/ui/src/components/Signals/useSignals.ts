import { useCallback, useEffect, useRef, useState } from "react";

import type { Signal, SignalsPage } from "../../contract";
import { call, poll } from "../../services/api";
import { liveStore } from "../../services/liveStore";
import { changed, type Filters, grown, type Listing, pathOf, renewed, shown } from "./list";

const LOOK_MS = 1000;
/** States change without an event of their own. */
const ANYWAY_MS = 10_000;

export interface Signals {
  /** Null until the first page is there. */
  listing: Listing | null;
  fault: unknown;
  reload: () => void;
  loadMore: () => Promise<void>;
  showNews: () => void;
  put: (signal: Signal) => void;
}

/** Follow the newest signals that match; while `held`, new ones wait to be shown. */
export function useSignals(filters: Filters, held: boolean): Signals {
  const [listing, setListing] = useState<Listing | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const path = pathOf(filters);
  const wanted = useRef(path);
  wanted.current = path;

  /** Answers to what is no longer asked are dropped. */
  const take = useCallback(async (reading: Promise<SignalsPage>, apply: (page: SignalsPage) => void, fail: (error: unknown) => void) => {
    try {
      const page = await reading;
      if (wanted.current === path) apply(page);
    } catch (error) {
      if (wanted.current === path) fail(error);
    }
  }, [path]);

  const load = useCallback(() => {
    setListing(null);
    setFault(null);
    void take(call("GET", path), (page) => setListing({ ...page, news: [] }), setFault);
  }, [path, take]);
  useEffect(load, [load]);

  const renew = (page: SignalsPage) =>
    setListing((known) => known && (held ? renewed(known, page) : shown(renewed(known, page))));
  useWhenHeard(() => take(poll(path), renew, () => undefined)); // unanswered, it is asked again

  return {
    listing,
    fault,
    reload: load,
    async loadMore() {
      if (listing?.next == null) return;
      await take(call("GET", pathOf(filters, listing.next)), (page) => setListing((known) => known && grown(known, page)), setFault);
    },
    showNews: () => setListing((known) => known && shown(known)),
    put: (signal) => setListing((known) => known && changed(known, signal)),
  };
}

/** Do something soon after a signal was heard, and now and then anyway; never twice at once. */
function useWhenHeard(act: () => Promise<void>): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const newest = () => liveStore.get().events?.findLast(({ kind }) => kind.startsWith("signal."))?.offset ?? 0;
    let [known, since, busy] = [newest(), Date.now(), false];
    const timer = window.setInterval(() => {
      const heard = newest();
      if (busy || (heard === known && Date.now() - since < ANYWAY_MS)) return;
      [known, since, busy] = [heard, Date.now(), true];
      void latest.current().finally(() => {
        busy = false;
      });
    }, LOOK_MS);
    return () => window.clearInterval(timer);
  }, []);
}
