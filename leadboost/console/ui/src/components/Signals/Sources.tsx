import { RadioTower } from "lucide-react";

import type { Source } from "../../contract";
import { Badge, Card, Empty, Skeleton, type Tone, useNow } from "../../parts";
import { Age } from "../../parts/Age";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { UNKNOWN } from "../../text/format";
import { phrase } from "../../text/server";
import { Mute } from "./Mute";

const TONES: Record<string, Tone> = { up: "ok", stale: "wait", silent: "wait", failing: "wait", gone: "wait" };

/** Every source with its state: one that does not speak is silent, which is not the same as zero. */
export function Sources({ mayMute }: { mayMute: boolean }) {
  const { sources } = useLive();
  const { text } = useWords();
  return (
    <Card title={text.signals.sources}>
      {sources === null ? <Skeleton lines={6} label={text.loading} />
      : sources.length === 0 ? <Empty icon={RadioTower} title={text.signals.none}>{text.signals.noneMeaning}</Empty>
      : <Table sources={sources} mayMute={mayMute} />}
    </Card>
  );
}

function Table({ sources, mayMute }: { sources: Source[]; mayMute: boolean }) {
  const { text } = useWords();
  const { columns } = text.signals;
  return (
    <table className="table source-table">
      <thead>
        <tr>
          <th scope="col">{columns.source}</th>
          <th scope="col">{columns.state}</th>
          <th scope="col" className="number">{columns.lastItem}</th>
          <th scope="col" className="number">{columns.nextPoll}</th>
          <th scope="col" className="number">{columns.expected}</th>
          <th scope="col" className="number">{columns.accepted}</th>
          <th scope="col" className="number">{columns.duplicates}</th>
          <th scope="col" className="number">{columns.rejected}</th>
          <th scope="col">{columns.host}</th>
          {mayMute && <th scope="col"><span className="sr">{text.signals.mute}</span></th>}
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => (
          <SourceRow key={source.name} source={source} mayMute={mayMute} />
        ))}
      </tbody>
    </table>
  );
}

function SourceRow({ source, mayMute }: { source: Source; mayMute: boolean }) {
  const { text, format } = useWords();
  const { columns } = text.signals;
  return (
    <tr data-source={source.name} data-state={source.state}>
      <th scope="row">
        <span className="row-title">{source.name}</span>
        <span className="quiet">{text.signals.kinds[source.kind] ?? source.kind}</span>
      </th>
      <td className="cell-state" data-label={columns.state}>
        <Badge tone={TONES[source.state] ?? "calm"}>{text.signals.states[source.state] ?? source.state}</Badge>
        {source.reason !== null && source.state !== "up" && <span className="quiet source-reason">{phrase(source.reason, text)}</span>}
      </td>
      <td className="number" data-label={columns.lastItem}>
        {source.last_item_at === null ? <span className="quiet">{text.signals.neverHeard}</span> : <Age at={source.last_item_at} words={text.ago} />}
      </td>
      <td className="number" data-label={columns.nextPoll}>
        <NextPoll source={source} />
      </td>
      <td className="number" data-label={columns.expected}>{format.rate(source.expected_per_day)}</td>
      <td className="number" data-label={columns.accepted}>{format.number(source.accepted)}</td>
      <td className="number" data-label={columns.duplicates}>{format.number(source.duplicates)}</td>
      <td className="number" data-label={columns.rejected}>{format.number(source.rejected)}</td>
      <td data-label={columns.host}>{source.host ?? UNKNOWN}</td>
      {mayMute && (
        <td className="cell-action">
          <Mute source={source} />
        </td>
      )}
    </tr>
  );
}

function NextPoll({ source: { muted, next_due_at } }: { source: Source }) {
  const { text, format } = useWords();
  const now = useNow();
  if (muted || next_due_at === null) return UNKNOWN;
  const leftS = Math.ceil((Date.parse(next_due_at) - now) / 1000);
  return (
    <time dateTime={next_due_at} title={format.exactly(next_due_at)}>
      {leftS <= 0 ? text.signals.due : text.signals.dueIn(format.span(leftS))}
    </time>
  );
}
