import { useCallback, useEffect, useRef, useState } from "react";

import type { CampaignBooks, Connection } from "../../contract";
import { call, poll } from "../../services/api";

const EVERY_MS = 15_000;

export interface Books {
  /** Null until it is read. */
  books: CampaignBooks | null;
  connections: Connection[] | null;
  fault: unknown;
  reload: () => Promise<void>;
}

/** What campaigns did and what they advertise: read now, after each change, and every quarter of a minute. */
export function useBooks(days: number): Books {
  const [books, setBooks] = useState<CampaignBooks | null>(null);
  const [connections, setConnections] = useState<Connection[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const newest = useRef(0);

  const read = useCallback(async (ask: <T>(path: string) => Promise<T>) => {
    const number = ++newest.current;
    try {
      const [found, accounts] = await Promise.all([
        ask<CampaignBooks>(`/api/campaigns/books?days=${days}`),
        ask<{ items: Connection[] }>("/api/connections"),
      ]);
      if (number !== newest.current) return; // what was asked later says more
      setBooks(found);
      setConnections(accounts.items);
      setFault(null);
    } catch (error) {
      if (number === newest.current) setFault(error);
    }
  }, [days]);

  useEffect(() => {
    void read((path) => call("GET", path));
    const timer = window.setInterval(() => void read(poll), EVERY_MS);
    return () => window.clearInterval(timer);
  }, [read]);
  const reload = useCallback(() => read((path) => call("GET", path)), [read]);
  return { books, connections, fault, reload };
}
