import { useCallback, useEffect, useState } from "react";

import type { RulesReply } from "../../contract";
import { poll } from "../../services/api";

const EVERY_MS = 5_000;

/** The rules, read again every five seconds and whenever `reload` is called; null before the first answer. */
export function useRules(): { rules: RulesReply | null; fault: unknown; reload: () => void } {
  const [rules, setRules] = useState<RulesReply | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let over = false;
    let timer: number | undefined;
    async function read() {
      try {
        const reply = await poll<RulesReply>("/api/rules");
        if (!over) { setRules(reply); setFault(null); }
      } catch (error) {
        if (!over) setFault(error);
      }
      if (!over) timer = window.setTimeout(() => void read(), EVERY_MS);
    }
    void read();
    return () => { over = true; window.clearTimeout(timer); };
  }, [round]);
  return { rules, fault, reload: useCallback(() => setRound((before) => before + 1), []) };
}
