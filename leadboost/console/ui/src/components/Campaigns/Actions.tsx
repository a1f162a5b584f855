import type { CampaignAction } from "../../contract";
import { keyOf } from "../../figures";
import { Badge, Card, type Tone } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { UNKNOWN } from "../../text/format";
import { phrase } from "../../text/server";

const TONES: Record<CampaignAction["state"], Tone> = {
  intended: "calm",
  sent: "wait",
  confirmed: "ok",
  failed: "wait",
  unknown: "wait",
};

/** What let campaigns run again and what lowered budgets, with what became of it. */
export function Actions({ actions }: { actions: CampaignAction[] }) {
  const { campaigns } = useLive();
  const { text, format } = useWords();
  const { actionColumns: columns, actionStates, actionKinds } = text.campaigns;
  const names = new Map(campaigns?.items.map((each) => [keyOf(each), each.name]));
  return (
    <Card title={text.campaigns.actions}>
      {actions.length === 0 ? <p className="quiet">{text.campaigns.noActions}</p> : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{columns.campaign}</th>
              <th scope="col">{columns.action}</th>
              <th scope="col">{columns.state}</th>
              <th scope="col">{columns.asked}</th>
              <th scope="col">{columns.settled}</th>
            </tr>
          </thead>
          <tbody>
            {actions.map((each) => (
              <tr key={`${keyOf(each)} ${each.intended_at}`} data-action={each.state}>
                <th scope="row">
                  <span className="row-title">{names.get(keyOf(each)) ?? each.campaign_id}</span>
                  {each.error !== null && <span className="tone-wait">{phrase(each.error, text)}</span>}
                </th>
                <td data-label={columns.action}>{actionKinds[each.kind] ?? each.kind}</td>
                <td data-label={columns.state}><Badge tone={TONES[each.state]}>{actionStates[each.state]}</Badge></td>
                <td data-label={columns.asked} title={format.exactly(each.intended_at)}>{format.at(each.intended_at)}</td>
                <td data-label={columns.settled}>{each.settled_at === null ? UNKNOWN : format.at(each.settled_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
