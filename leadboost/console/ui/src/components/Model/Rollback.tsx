import { type FormEvent, useRef, useState } from "react";

import type { ModelVersion } from "../../contract";
import { Alert } from "../../parts";
import { Field } from "../../parts/Field";
import { call } from "../../services/api";
import { liveStore, useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { faultsAt, problemBeside } from "../../text/server";

/** Lets an earlier version serve again. */
export function Rollback({ version }: { version: ModelVersion }) {
  const { text } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const [round, setRound] = useState(0);
  function open() {
    setRound(round + 1); // a fresh form each time
    dialog.current?.showModal();
  }
  return (
    <>
      <button type="button" className="button ghost small" onClick={open}>
        {text.rollback.button}<span className="sr"> {text.rollback.to(version.version)}</span>
      </button>
      <dialog ref={dialog} className="dialog" aria-label={text.rollback.title(version.version)}>
        {round > 0 && <Confirm key={round} version={version} onClose={() => dialog.current?.close()} />}
      </dialog>
    </>
  );
}

function Confirm({ version, onClose }: { version: ModelVersion; onClose: () => void }) {
  const { report } = useLive();
  const { text, format } = useWords();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const beside = problemBeside(fault, ["reason"], text);

  async function rollBack(submitted: FormEvent) {
    submitted.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      await call("POST", "/api/model/rollback", { version: version.version, reason: reason.trim() });
      liveStore.reloadModel();
      onClose();
    } catch (error) {
      setFault(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form noValidate onSubmit={(submitted) => void rollBack(submitted)}>
      <h2>{text.rollback.title(version.version)}</h2>
      <p>{text.rollback.will(version.version, format.number(version.observations), format.number(version.mae, 3))}</p>
      <p className="quiet">{text.rollback.stays(report?.version ?? null)}</p>
      <Field label={text.rollback.reason} faults={faultsAt(fault, "reason", text)}>
        {(control) => <input {...control} autoFocus maxLength={500} value={reason} onChange={(change) => setReason(change.target.value)} />}
      </Field>
      {beside !== null && <Alert tone="wait">{beside}</Alert>}
      <div className="dialog-foot">
        <button type="button" className="button" onClick={onClose}>{text.cancel}</button>
        <button type="submit" className="button primary" disabled={busy}>{text.rollback.confirm}</button>
      </div>
    </form>
  );
}
