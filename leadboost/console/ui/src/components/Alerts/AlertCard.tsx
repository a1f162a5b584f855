import { type FormEvent, useId, useState } from "react";

import type { AlertDelivery, RaisedAlert } from "../../contract";
import { Alert, Badge, type Tone } from "../../parts";
import { Age } from "../../parts/Age";
import { call } from "../../services/api";
import { liveStore } from "../../services/liveStore";
import { useWords } from "../../text";
import { phrase, problemText } from "../../text/server";

const TONES: Record<RaisedAlert["severity"], Tone> = { critical: "halt", warning: "wait", info: "calm" };
const DELIVERY_TONES: Record<AlertDelivery["state"], Tone> = {
  pending: "wait",
  delivered: "ok",
  failed: "halt",
  dropped: "halt",
};

export function AlertCard({ alert, mayAcknowledge }: { alert: RaisedAlert; mayAcknowledge: boolean }) {
  const { text, format } = useWords();
  const open = alert.state === "open";
  return (
    <article className={`halt ${open ? `raised-${alert.severity}` : ""}`} data-alert={alert.key} data-state={alert.state}>
      <header className="halt-head">
        <div>
          <h3>{phrase(alert.title, text)}</h3>
          <p>{phrase(alert.detail, text)}</p>
          {alert.subjects.length > 0 && <p>{text.alerts.concerns(alert.subjects.join(", "))}</p>}
          <p className="quiet">
            <Age at={alert.raised_at} words={text.ago} />
            {alert.count > 1 && ` · ${text.alerts.times(alert.count)}`}
            {open && alert.next_round_at !== null && ` · ${text.alerts.passedOn(format.at(alert.next_round_at))}`}
          </p>
          {alert.acknowledged_by !== null && (
            <p className="quiet">
              {text.alerts.taken(alert.acknowledged_by)}
              {alert.note !== null && `: ${alert.note}`}
            </p>
          )}
        </div>
        <div className="halt-state">
          <Badge tone={open ? TONES[alert.severity] : alert.state === "resolved" ? "calm" : "ok"}>
            {open ? text.alerts.severities[alert.severity] : text.alerts.states[alert.state]}
          </Badge>
        </div>
      </header>
      <Deliveries deliveries={alert.deliveries} />
      {open && mayAcknowledge && <Acknowledge alert={alert} />}
    </article>
  );
}

/** The last thing each channel was told, and whether that arrived. */
function Deliveries({ deliveries }: { deliveries: AlertDelivery[] }) {
  const { text } = useWords();
  const last = [...new Map(deliveries.map((each) => [each.channel, each])).values()];
  if (last.length === 0) return <p className="quiet">{text.alerts.toldNobody}</p>;
  return (
    <ul className="told">
      {last.map((each) => (
        <li key={each.channel}>
          <Badge tone={DELIVERY_TONES[each.state]}>
            {each.channel}: {text.alerts.deliveries[each.state]}
          </Badge>
          {each.error !== null && <span className="quiet"> {each.error}</span>}
        </li>
      ))}
    </ul>
  );
}

function Acknowledge({ alert }: { alert: RaisedAlert }) {
  const { text } = useWords();
  const id = useId();
  const [asking, setAsking] = useState(false);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function acknowledge(submitted: FormEvent) {
    submitted.preventDefault();
    setBusy(true);
    setFault(null);
    const said = note.trim();
    try {
      await call("POST", `/api/alerts/${alert.id}/acknowledge`, said === "" ? {} : { note: said });
      liveStore.loadAlerts();
    } catch (error) {
      setFault(problemText(error, text));
    } finally {
      setBusy(false);
    }
  }

  if (!asking) {
    return (
      <div className="halt-foot">
        <button type="button" className="button" onClick={() => setAsking(true)}>
          {text.alerts.acknowledge}
          <span className="sr"> {alert.title}</span>
        </button>
      </div>
    );
  }
  return (
    <form className="resume" onSubmit={(submitted) => void acknowledge(submitted)}>
      <label htmlFor={id}>{text.alerts.note}</label>
      <input id={id} autoFocus maxLength={500} value={note} onChange={(change) => setNote(change.target.value)} />
      <p className="quiet">{text.alerts.acknowledgeMeaning}</p>
      <div className="halt-foot">
        <button type="submit" className="button primary" disabled={busy}>{text.alerts.acknowledge}</button>
        <button type="button" className="button" onClick={() => setAsking(false)}>{text.cancel}</button>
      </div>
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
    </form>
  );
}
