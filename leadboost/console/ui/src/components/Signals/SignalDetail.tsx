import { type ReactNode, useEffect, useState } from "react";

import type { Signal, SignalsPage } from "../../contract";
import { Alert, Badge, Skeleton } from "../../parts";
import { Outside } from "../../parts/Outside";
import { call } from "../../services/api";
import { hrefOf } from "../../services/route";
import { useWords } from "../../text";
import { UNKNOWN } from "../../text/format";
import { problemText } from "../../text/server";
import { pathOf } from "./list";
import { SignalFacts } from "./SignalRow";

/** All that is known of one signal, and its near-duplicates. */
export function SignalDetail({ signal }: { signal: Signal }) {
  const { text, format } = useWords();
  const { facts } = text.signals;
  const engagement = Object.entries(signal.engagement).map(([name, value]) => `${name} ${format.rate(value)}`);
  return (
    <>
      {signal.title !== null && <p className="signal-whole">{signal.text}</p>}
      <dl className="facts">
        <Fact label={facts.url}>{signal.url === null ? UNKNOWN : <Outside address={signal.url} />}</Fact>
        <Fact label={facts.author}>{signal.author ?? UNKNOWN}</Fact>
        <Fact label={facts.published}>{format.at(signal.published_at)}</Fact>
        <Fact label={facts.heard}>{format.at(signal.heard_at)}</Fact>
        <Fact label={facts.language}>{signal.language === null ? UNKNOWN : format.language(signal.language)}</Fact>
        <Fact label={facts.spam}>{format.percent(signal.spam)}</Fact>
        <Fact label={facts.engagement}>{engagement.length === 0 ? UNKNOWN : engagement.join(" · ")}</Fact>
        <Fact label={facts.externalId}>{signal.external_id}</Fact>
        {Object.entries(signal.extra).map(([name, value]) => (
          <Fact key={name} label={name}>{typeof value === "string" ? value : JSON.stringify(value)}</Fact>
        ))}
      </dl>
      <a className="link" href={hrefOf("model", signal.id)}>{text.signals.whatIf}</a>
      {signal.cluster !== null && signal.cluster.size > 1 && <Copies id={signal.cluster.id} self={signal.id} />}
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The near-duplicates, each as it came. */
function Copies({ id, self }: { id: string; self: string }) {
  const { text } = useWords();
  const [copies, setCopies] = useState<Signal[] | null>(null);
  const [isAll, setAll] = useState(true);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let current = true;
    call<SignalsPage>("GET", pathOf({ cluster: id })).then(
      ({ items, next }) => {
        if (!current) return;
        setCopies(items);
        setAll(next === null);
      },
      (error: unknown) => current && setFault(error),
    );
    return () => {
      current = false;
    };
  }, [id]);
  return (
    <section className="cluster" aria-label={text.signals.cluster}>
      <h3>{text.signals.cluster}</h3>
      {fault !== null ? <Alert tone="wait">{problemText(fault, text)}</Alert>
      : copies === null ? <Skeleton lines={2} label={text.loading} />
      : (
        <ol>
          {copies.map((copy) => (
            <li key={copy.id} data-copy={copy.id}>
              <span className="cluster-title">{copy.title ?? copy.text}</span>
              {copy.cluster?.lead && <Badge tone="ok">{text.signals.lead}</Badge>}
              {copy.id === self && <Badge tone="calm">{text.signals.self}</Badge>}
              <SignalFacts signal={copy} />
            </li>
          ))}
        </ol>
      )}
      {!isAll && <p className="quiet">{text.signals.moreCopies}</p>}
    </section>
  );
}
