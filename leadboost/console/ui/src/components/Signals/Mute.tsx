import { Volume2, VolumeX } from "lucide-react";
import { type FormEvent, useId, useState } from "react";

import type { Source } from "../../contract";
import { Alert } from "../../parts";
import { call } from "../../services/api";
import { liveStore } from "../../services/liveStore";
import { useWords } from "../../text";
import { problemText } from "../../text/server";

/** Silences a source until a person lets it speak again. */
export function Mute({ source }: { source: Source }) {
  const { text } = useWords();
  const id = useId();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const name = <span className="sr"> {source.name}</span>;

  async function set(muted: boolean) {
    setBusy(true);
    setFault(null);
    const said = reason.trim();
    try {
      const path = `/api/sources/${encodeURIComponent(source.name)}/mute`;
      liveStore.putSource(await call<Source>("POST", path, { muted, ...(muted && said !== "" && { reason: said }) }));
      setAsking(false);
      setReason("");
    } catch (error) {
      setFault(problemText(error, text));
    } finally {
      setBusy(false);
    }
  }

  function mute(submitted: FormEvent) {
    submitted.preventDefault();
    void set(true);
  }

  return (
    <>
      {asking ? (
        <form className="restock" onSubmit={mute}>
          <label htmlFor={id}>{text.signals.muteReason}</label>
          <input id={id} autoFocus maxLength={500} value={reason} onChange={(change) => setReason(change.target.value)} />
          <p className="quiet">{text.signals.muteMeaning}</p>
          <div className="restock-line">
            <button type="submit" className="button primary small" disabled={busy}>{text.signals.mute}{name}</button>
            <button type="button" className="button small" onClick={() => setAsking(false)}>{text.cancel}</button>
          </div>
        </form>
      ) : source.muted ? (
        <button type="button" className="button ghost small" disabled={busy} onClick={() => void set(false)}>
          <Volume2 aria-hidden size={14} /> {text.signals.unmute}{name}
        </button>
      ) : (
        <button type="button" className="button ghost small" onClick={() => setAsking(true)}>
          <VolumeX aria-hidden size={14} /> {text.signals.mute}{name}
        </button>
      )}
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
    </>
  );
}
