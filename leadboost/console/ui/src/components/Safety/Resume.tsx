import { type FormEvent, useId, useState } from "react";

import type { Halt } from "../../contract";
import { Alert } from "../../parts";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { problemText } from "../../text/server";

export function Resume({ halt }: { halt: Halt }) {
  const { text } = useWords();
  const id = useId();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function approve(submitted: FormEvent) {
    submitted.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      await call("POST", "/api/resume", { halt_id: halt.id, reason: reason.trim() });
      setOpen(false);
    } catch (error) {
      setFault(problemText(error, text));
    } finally {
      setBusy(false);
    }
  }

  const approvals = halt.approvals > 0 && (
    <span className="quiet">{text.resume.approved(halt.approvals, halt.needed)}</span>
  );
  if (!open) {
    return (
      <div className="halt-foot">
        <button type="button" className="button" onClick={() => setOpen(true)}>{text.resume.button}</button>
        {approvals}
      </div>
    );
  }
  return (
    <form className="resume" onSubmit={(submitted) => void approve(submitted)}>
      <label htmlFor={id}>{text.resume.reason}</label>
      <input id={id} required autoFocus maxLength={500} value={reason} onChange={(change) => setReason(change.target.value)} />
      <p className="quiet">{text.resume.meaning}</p>
      <div className="halt-foot">
        <button type="submit" className="button primary" disabled={busy}>{text.resume.submit}</button>
        <button type="button" className="button" onClick={() => setOpen(false)}>{text.cancel}</button>
        {approvals}
      </div>
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
    </form>
  );
}
