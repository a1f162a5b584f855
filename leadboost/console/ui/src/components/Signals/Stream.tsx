import { ListFilter, Radio } from "lucide-react";
import { useEffect, useState } from "react";

import { Alert, Card, Empty, Skeleton } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { problemText } from "../../text/server";
import { Filter } from "./Filter";
import { type Filters, NO_FILTERS } from "./list";
import { SignalRow } from "./SignalRow";
import { useSignals } from "./useSignals";
import { useTopics } from "./useTopics";

const SKELETON_LINES = 10;
const TYPED_MS = 300;
/** Further down than this somebody is reading: nothing moves under the eye. */
const AT_TOP_PX = 80;
const STATES = ["pending", "processed", "rejected"];

/** Signals as they are heard, newest first. */
export function Stream({ mayJudge }: { mayJudge: boolean }) {
  const { text, format } = useWords();
  const [filters, setFilters] = useState(NO_FILTERS);
  const [open, setOpen] = useState<string | null>(null);
  const { listing, fault, reload, loadMore, showNews, put } = useSignals(useSettled(filters), useScrolled() || open !== null);
  const filtered = Object.values(filters).some((value) => value.trim() !== "");
  const items = listing?.items ?? null;
  return (
    <Card
      title={text.signals.heard}
      aside={<span className="quiet">{text.timesIn(format.zone)}{items !== null && ` · ${text.events.shown(format.number(items.length))}`}</span>}
    >
      <Filtering filters={filters} onChange={setFilters} />
      {listing !== null && listing.news.length > 0 && (
        <button type="button" className="button small news" onClick={showNews}>{text.signals.news(listing.news.length)}</button>
      )}
      {fault !== null && (
        <Alert tone="wait">
          {problemText(fault, text)} <button type="button" className="button small" onClick={reload}>{text.retry}</button>
        </Alert>
      )}
      {items === null ? fault === null && <Skeleton lines={SKELETON_LINES} label={text.loading} />
      : items.length === 0 ? <Nothing filtered={filtered} />
      : (
        <ol className="signals">
          {items.map((signal) => (
            <SignalRow
              key={signal.id}
              signal={signal}
              open={signal.id === open}
              onOpen={(isOpen) => setOpen(isOpen ? signal.id : null)}
              mayJudge={mayJudge}
              onChange={put}
            />
          ))}
        </ol>
      )}
      {listing?.next != null && (
        <button type="button" className="button more" onClick={() => void loadMore()}>{text.stock.more}</button>
      )}
    </Card>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const { text } = useWords();
  if (filtered) return <Empty icon={ListFilter} title={text.signals.noMatch} />;
  return <Empty icon={Radio} title={text.signals.nothing}>{text.signals.nothingMeaning}</Empty>;
}

function Filtering({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  const { sources, rates } = useLive();
  const { text } = useWords();
  const { topics } = useTopics();
  const { filter } = text.signals;
  const names = [...new Set([...(sources ?? []).map(({ name }) => name), ...Object.keys(rates?.signals ?? {})])].toSorted();
  const set = (change: Partial<Filters>) => onChange({ ...filters, ...change });
  return (
    <div className="filters signal-filters" role="search">
      <label className="field">
        <span className="sr">{filter.text}</span>
        <input type="search" maxLength={256} placeholder={filter.text} value={filters.text} onChange={(change) => set({ text: change.target.value })} />
      </label>
      <Filter label={filter.source} all={filter.allSources} value={filters.source} options={names.map((name) => [name, name])} onChange={(source) => set({ source })} />
      <Filter label={filter.state} all={filter.allStates} value={filters.state} options={STATES.map((state) => [state, text.signals.signalStates[state] ?? state])} onChange={(state) => set({ state })} />
      {topics !== null && topics.length > 0 && (
        <Filter label={filter.topic} all={filter.allTopics} value={filters.topic} options={topics.map(({ name }) => [name, name])} onChange={(topic) => set({ topic })} />
      )}
    </div>
  );
}

/** What was typed, once the typing rests: not every letter is a question to the server. */
function useSettled(filters: Filters): Filters {
  const [settled, setSettled] = useState(filters);
  const typing = settled.text !== filters.text;
  useEffect(() => {
    if (!typing) return setSettled(filters);
    const timer = window.setTimeout(() => setSettled(filters), TYPED_MS);
    return () => window.clearTimeout(timer);
  }, [filters, typing]);
  return settled;
}

function useScrolled(): boolean {
  const [scrolled, setScrolled] = useState(false);
  useEffect(() => {
    const look = () => setScrolled(window.scrollY > AT_TOP_PX);
    look();
    window.addEventListener("scroll", look, { passive: true });
    return () => window.removeEventListener("scroll", look);
  }, []);
  return scrolled;
}
