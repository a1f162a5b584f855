import { ListFilter } from "lucide-react";
import { useDeferredValue, useEffect, useState } from "react";

import { Card, Empty } from "../../parts";
import { liveStore, MOST_EVENTS, useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { describe } from "./describe";
import { EventList } from "./EventList";

const SKELETON_LINES = 12;
const PAGE = 200;

export function Events() {
  const { events, older } = useLive();
  const { text, format } = useWords();
  useEffect(() => () => liveStore.forgetOlder(), []);
  const [kind, setKind] = useState("");
  const [wanted, setWanted] = useState("");
  const [room, setRoom] = useState(PAGE);
  const needle = useDeferredValue(wanted.trim().toLowerCase());
  const kinds = [...new Set([...Object.keys(text.events.kinds), ...(events ?? []).map((event) => event.kind)])];
  const shown = events
    ?.filter((event) => kind === "" || event.kind === kind)
    .filter((event) => needle === "" || `${event.kind} ${describe(event, text)}`.toLowerCase().includes(needle))
    .toReversed() ?? null;
  const hidden = (shown?.length ?? 0) > room;

  function showOlder() {
    setRoom(room + PAGE);
    if (!hidden) void liveStore.loadOlder();
  }

  return (
    <Card
      title={text.events.all}
      aside={<span className="quiet">{text.timesIn(format.zone)} · {text.events.shown(format.number(shown && Math.min(shown.length, room)))}</span>}
    >
      <div className="filters">
        <label className="field">
          <span className="sr">{text.events.filter}</span>
          <input type="search" placeholder={text.events.filter} value={wanted} onChange={(change) => setWanted(change.target.value)} />
        </label>
        <label className="field">
          <span className="sr">{text.events.kind}</span>
          <select value={kind} onChange={(change) => setKind(change.target.value)}>
            <option value="">{text.events.allKinds}</option>
            {kinds.map((each) => (
              <option key={each} value={each}>{text.events.kinds[each] ?? each}</option>
            ))}
          </select>
        </label>
      </div>
      {shown?.length === 0 && events?.length !== 0 ? <Empty icon={ListFilter} title={text.events.noMatch} />
      : <EventList events={shown && shown.slice(0, room)} room={SKELETON_LINES} detailed />}
      {older === "full" && !hidden && <p className="quiet">{text.events.full(format.number(MOST_EVENTS))}</p>}
      {(hidden || older === "more") && events !== null && (
        <button type="button" className="button more" onClick={showOlder}>
          {text.events.older}
        </button>
      )}
    </Card>
  );
}
