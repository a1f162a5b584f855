import { OctagonX } from "lucide-react";
import { type FormEvent, useId, useRef, useState } from "react";

import type { Session } from "../../contract";
import { running } from "../../figures";
import { Alert } from "../../parts";
import { ApiError, call } from "../../services/api";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { problemText } from "../../text/server";

interface StopButtonProps {
  session: Session;
  big?: boolean;
  onStopped?: () => void;
}

/** Two clicks stop everything: this one, and the one that confirms. */
export function StopButton({ session, big = false, onStopped }: StopButtonProps) {
  const { safety } = useLive();
  const { text } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const [round, setRound] = useState(0);
  const halted = safety?.state === "HALTED";
  if (halted && !big) {
    return (
      <a className="button stop stop-halted" href="#/safety">
        <OctagonX aria-hidden size={16} /> {text.stop.halted}
      </a>
    );
  }
  function open() {
    setRound(round + 1); // a fresh form each time
    dialog.current?.showModal();
  }
  return (
    <>
      <button type="button" className={!big ? "button stop" : halted ? "button stop-again" : "button stop stop-big"} onClick={open}>
        <OctagonX aria-hidden size={big && !halted ? 22 : 16} /> {!big ? text.stop.button : halted ? text.stop.again : text.stop.big}
      </button>
      <dialog ref={dialog} className="dialog" aria-label={text.stop.title}>
        <Confirm
          key={round}
          session={session}
          onCancel={() => dialog.current?.close()}
          onStopped={() => {
            dialog.current?.close();
            window.location.hash = "#/safety";
            onStopped?.();
          }}
        />
      </dialog>
    </>
  );
}

interface ConfirmProps {
  session: Session;
  onCancel: () => void;
  onStopped: () => void;
}

function Confirm({ session, onCancel, onStopped }: ConfirmProps) {
  const { campaigns } = useLive();
  const { text } = useWords();
  const id = useId();
  const [reason, setReason] = useState(text.stop.prefilled(session.name));
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function stop(submitted: FormEvent) {
    submitted.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      await call("POST", "/api/panic", { reason: reason.trim(), scope: "global" });
      onStopped();
    } catch (error) {
      const silent = error instanceof ApiError && error.status === 0;
      setFault(silent ? text.stop.unreachable : text.stop.failed(problemText(error, text)));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(submitted) => void stop(submitted)}>
      <h2>{text.stop.title}</h2>
      <p>{campaigns === null ? text.stop.willUnknown : text.stop.will(running(campaigns).length)}</p>
      <p className="quiet">{text.stop.stays}</p>
      <label htmlFor={id}>{text.stop.reason}</label>
      <input id={id} required maxLength={500} value={reason} onChange={(change) => setReason(change.target.value)} />
      {fault !== null && <Alert tone="halt">{fault}</Alert>}
      <div className="dialog-foot">
        <button type="button" className="button" onClick={onCancel}>{text.cancel}</button>
        <button type="submit" className="button danger" autoFocus disabled={busy}>
          {busy ? text.stop.sending : text.stop.confirm}
        </button>
      </div>
    </form>
  );
}
