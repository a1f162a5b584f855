import { Check, X } from "lucide-react";
import { type FormEvent, useId, useState } from "react";

import type { Signal } from "../../contract";
import { Alert } from "../../parts";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { problemText } from "../../text/server";

type Verdict = "accept" | "reject";

/** A person's word on a signal; the spam score learns from it. */
export function Judge({ signal, onChange }: { signal: Signal; onChange: (signal: Signal) => void }) {
  const { text } = useWords();
  const id = useId();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const isAccepted = signal.decided_by !== null && signal.state !== "rejected";
  const name = <span className="sr"> {signal.title ?? signal.text}</span>;

  async function judge(verdict: Verdict) {
    setBusy(true);
    setFault(null);
    const said = reason.trim();
    try {
      const path = `/api/signals/${encodeURIComponent(signal.id)}/${verdict}`;
      onChange(await call<Signal>("POST", path, verdict === "reject" && said !== "" ? { reason: said } : {}));
      setAsking(false);
      setReason("");
    } catch (error) {
      setFault(problemText(error, text));
    } finally {
      setBusy(false);
    }
  }

  function reject(submitted: FormEvent) {
    submitted.preventDefault();
    void judge("reject");
  }

  return (
    <div className={asking ? "judge judge-asking" : "judge"}>
      {asking ? (
        <form onSubmit={reject}>
          <label htmlFor={id}>{text.signals.rejectReason}</label>
          <input id={id} autoFocus maxLength={500} value={reason} onChange={(change) => setReason(change.target.value)} />
          <div className="judge-line">
            <button type="submit" className="button primary small" disabled={busy}>{text.signals.reject}{name}</button>
            <button type="button" className="button small" onClick={() => setAsking(false)}>{text.cancel}</button>
          </div>
        </form>
      ) : (
        <div className="judge-line">
          {!isAccepted && (
            <button type="button" className="button ghost small" disabled={busy} onClick={() => void judge("accept")}>
              <Check aria-hidden size={14} /> {text.signals.accept}{name}
            </button>
          )}
          {signal.state !== "rejected" && (
            <button type="button" className="button ghost small" disabled={busy} onClick={() => setAsking(true)}>
              <X aria-hidden size={14} /> {text.signals.reject}{name}
            </button>
          )}
        </div>
      )}
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
    </div>
  );
}
