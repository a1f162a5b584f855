import type { Halt, HaltItem, HaltState, ItemStatus } from "../../contract";
import { completed } from "../../figures";
import { Badge, type Tone } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { phrase } from "../../text/server";
import { scopeText } from "../Events/describe";
import { Resume } from "./Resume";

const HALT_TONES: Record<HaltState, Tone> = {
  pausing: "wait",
  confirmed: "ok",
  unconfirmed: "halt",
  resumed: "calm",
};
const ITEM_TONES: Record<ItemStatus, Tone> = {
  requested: "calm",
  accepted: "wait",
  confirmed: "ok",
  unconfirmed: "halt",
};

export function HaltCard({ halt, mayResume }: { halt: Halt; mayResume: boolean }) {
  const { text, format } = useWords();
  const confirmed = halt.items.filter((item) => item.status === "confirmed").length;
  const open = halt.state !== "resumed";
  const by = halt.tripped_by.startsWith("rule:") ? text.safety.rule(halt.tripped_by.slice(5)) : halt.tripped_by;
  return (
    <article className={`halt halt-${halt.state}`} data-halt={halt.id} data-state={halt.state}>
      <header className="halt-head">
        <div>
          <h3>{scopeText(halt.scope, text)}</h3>
          <p>{phrase(halt.reason, text)}</p>
          <p className="quiet" title={format.exactly(halt.tripped_at)}>
            {text.safety.by(by, format.at(halt.tripped_at))}
          </p>
        </div>
        <div className="halt-state">
          <Badge tone={HALT_TONES[halt.state]}>{text.safety.haltStates[halt.state]}</Badge>
          {halt.items.length > 0 && <span className="quiet">{text.safety.ofTotal(confirmed, halt.items.length)}</span>}
        </div>
      </header>
      {halt.items.length === 0 ? <p className="quiet">{text.safety.noItems}</p>
      : open ? <Items items={halt.items} />
      : <details><summary>{text.safety.inCampaigns(halt.items.length)}</summary><Items items={halt.items} /></details>}
      {open && (mayResume ? <Resume halt={halt} /> : <p className="quiet">{text.resume.notAllowed}</p>)}
    </article>
  );
}

function Items({ items }: { items: HaltItem[] }) {
  const { campaigns } = useLive();
  const { text, format } = useWords();
  const { columns } = text.safety;
  return (
    <table className="table halt-table">
      <thead>
        <tr>
          <th scope="col">{columns.campaign}</th>
          <th scope="col">{columns.status}</th>
          <th scope="col" className="number">{columns.budget}</th>
          <th scope="col" className="number">{columns.attempts}</th>
          <th scope="col" className="number">{columns.confirmed}</th>
        </tr>
      </thead>
      <tbody>
        {completed(items, campaigns).map((item) => (
          <tr key={`${item.platform}:${item.campaign_id}`} data-campaign={item.campaign_id} data-status={item.status}>
            <th scope="row">
              <span className="row-title">{item.name ?? item.campaign_id}</span>
              <span className="quiet">{item.platform}{item.name !== null && ` · ${item.campaign_id}`}</span>
              {item.error !== null && item.status !== "confirmed" && <span className="tone-wait">{item.error}</span>}
            </th>
            <td data-label={columns.status}>
              <Badge tone={ITEM_TONES[item.status]}>{text.safety.itemStates[item.status]}</Badge>
            </td>
            <td className="number" data-label={columns.budget}>{format.money(item.daily_budget, item.currency)}</td>
            <td className="number" data-label={columns.attempts}>{format.number(item.attempts)}</td>
            <td className="number" data-label={columns.confirmed}>{format.at(item.confirmed_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
