import { Activity } from "lucide-react";
import { memo } from "react";

import type { LiveEvent } from "../../contract";
import { Badge, Empty, Skeleton } from "../../parts";
import { useWords } from "../../text";
import { describe, toneOf } from "./describe";

interface EventListProps {
  /** Newest first; null while they are not known. */
  events: LiveEvent[] | null;
  room: number;
  detailed?: boolean;
}

export function EventList({ events, room, detailed = false }: EventListProps) {
  const { text } = useWords();
  if (events === null) return <Skeleton lines={room} label={text.loading} />;
  if (events.length === 0) {
    return <Empty icon={Activity} title={text.events.none}>{text.events.noneMeaning}</Empty>;
  }
  return (
    <ol className="events">
      {events.map((event) => (
        <EventRow key={event.offset} event={event} detailed={detailed} />
      ))}
    </ol>
  );
}

/** An event never changes: among hundreds of rows only the new ones are drawn. */
const EventRow = memo(function EventRow({ event, detailed }: { event: LiveEvent; detailed: boolean }) {
  const { text, format } = useWords();
  const line = (
    <>
      <time dateTime={event.at} title={format.exactly(event.at)}>{format.at(event.at)}</time>
      <Badge tone={toneOf(event)}>{text.events.kinds[event.kind] ?? event.kind}</Badge>
      <span className="event-text">{describe(event, text)}</span>
    </>
  );
  if (!detailed) return <li className="event">{line}</li>;
  return (
    <li data-offset={event.offset}>
      <details>
        <summary className="event">{line}</summary>
        <dl className="raw">
          {Object.entries({ offset: event.offset, kind: event.kind, ...event.data }).map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </li>
  );
});
