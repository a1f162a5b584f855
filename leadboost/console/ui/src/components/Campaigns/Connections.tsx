import type { Connection } from "../../contract";
import { Badge, Card, Skeleton, type Tone } from "../../parts";
import { Age } from "../../parts/Age";
import { useWords } from "../../text";
import { phrase } from "../../text/server";

const TONES: Record<Connection["state"], Tone> = { ok: "ok", waiting: "calm", failing: "wait" };

/** Every ad account: whether it answers, and how far back its results are known. */
export function Connections({ connections }: { connections: Connection[] | null }) {
  const { text } = useWords();
  return (
    <Card title={text.campaigns.accounts}>
      {connections === null ? <Skeleton lines={2} label={text.loading} />
      : connections.length === 0 ? <p className="quiet">{text.campaigns.noneMeaning}</p>
      : <ul className="connections">{connections.map((each) => <Account key={each.name} connection={each} />)}</ul>}
    </Card>
  );
}

function Account({ connection }: { connection: Connection }) {
  const { text } = useWords();
  const faults = [connection.error, connection.results_error].filter((fault) => fault !== null);
  return (
    <li data-connection={connection.name} data-state={connection.state}>
      <strong>{text.campaigns.platforms[connection.name] ?? connection.name}</strong>
      <span className="quiet">{connection.account_id}</span>
      <Badge tone={TONES[connection.state]}>{text.campaigns.connectionStates[connection.state]}</Badge>
      {connection.read_at !== null && <span className="quiet">{text.campaigns.read} <Age at={connection.read_at} words={text.ago} /></span>}
      <span className="quiet"><Results connection={connection} /></span>
      {faults.map((fault) => <span key={fault} className="tone-wait">{phrase(fault, text)}</span>)}
    </li>
  );
}

/** Results are read by one host: the others know none of their own. */
function Results({ connection: { results_since, results_days, results_tell_value } }: { connection: Connection }) {
  const { text, format } = useWords();
  if (results_since === null) return text.campaigns.resultsElsewhere;
  if (results_days === 0) return text.campaigns.noResults;
  return results_tell_value ? text.campaigns.resultsSince(format.at(results_since)) : text.campaigns.noValue;
}
