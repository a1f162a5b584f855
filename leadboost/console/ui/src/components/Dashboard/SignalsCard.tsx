import { ArrowRight, Radio } from "lucide-react";

import type { Source } from "../../contract";
import { Badge, Card, Empty, Skeleton, type Tone, useNow } from "../../parts";
import { Sparkline } from "../../parts/Sparkline";
import { SAMPLES, useLive } from "../../services/liveStore";
import { hrefOf } from "../../services/route";
import { useWords } from "../../text";
import { ageS, UNKNOWN } from "../../text/format";
import { phrase } from "../../text/server";

/** Signals per minute, by source. A source that does not speak is silent; it is not zero. */
export function SignalsCard() {
  const { rates, rateSamples, sources } = useLive();
  const { text, format } = useWords();
  const names = [...new Set([...(sources ?? []).map(({ name }) => name), ...Object.keys(rates?.signals ?? {})])];
  const total = rates === null ? null : Object.values(rates.signals).reduce((sum, rate) => sum + rate, 0);
  const byName = new Map(sources?.map((source) => [source.name, source]));
  if (sources !== null && names.length === 0) {
    return (
      <Card title={text.signals.title}>
        <Empty icon={Radio} title={text.signals.none}>{text.signals.noneMeaning}</Empty>
      </Card>
    );
  }
  return (
    <Card
      title={text.signals.title}
      aside={
        <a className="link" href={hrefOf("signals")}>
          {text.views.signals} <ArrowRight aria-hidden size={14} />
        </a>
      }
    >
      <div className="headline">
        <p>
          <strong>{format.rate(total)}</strong> <span className="quiet">{text.signals.total}</span>
        </p>
        <Sparkline values={rateSamples} room={SAMPLES} label={text.signals.chart} fromZero />
      </div>
      {sources === null ? <Skeleton lines={3} label={text.loading} /> : (
        <ul className="rows">
          {names.map((name) => (
            <SourceRow
              key={name}
              name={name}
              source={byName.get(name) ?? null}
              rate={rates === null ? null : (rates.signals[name] ?? 0)}
            />
          ))}
        </ul>
      )}
    </Card>
  );
}

function SourceRow({ name, source, rate }: { name: string; source: Source | null; rate: number | null }) {
  const { text, format } = useWords();
  const age = ageS(source?.last_item_at, useNow());
  const state = source?.state;
  return (
    <li>
      <div className="row-main">
        <span className="row-title">{name}</span>
        <span className="quiet">
          {age !== null ? text.signals.lastItem(format.span(age)) : source !== null ? text.signals.never : ""}
          {source?.reason != null && source.state !== "up" && ` · ${phrase(source.reason, text)}`}
        </span>
      </div>
      {state !== undefined && state !== "up" && (
        <Badge tone={tone(state)}>{text.signals.states[state] ?? state}</Badge>
      )}
      {rate !== 0 && <span className="row-number">{rate === null ? UNKNOWN : text.perMinute(format.rate(rate))}</span>}
    </li>
  );
}

function tone(state: string): Tone {
  return state === "waiting" || state === "muted" ? "calm" : "wait";
}
