import { ShieldCheck } from "lucide-react";
import { useEffect, useState } from "react";

import type { Radar } from "../../contract";
import { Alert, Card, Empty, Skeleton } from "../../parts";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { problemText } from "../../text/server";
import { whyOf } from "./why";

/** What the radar refuses, by source and reason, and how well its spam score does. */
export function Refused() {
  const [radar, setRadar] = useState<Radar | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const { text } = useWords();
  useEffect(() => {
    let current = true;
    call<Radar>("GET", "/api/radar").then(
      (found) => current && setRadar(found),
      (error: unknown) => current && setFault(error),
    );
    return () => {
      current = false;
    };
  }, []);
  return (
    <Card title={text.signals.refused.title}>
      {fault !== null ? <Alert tone="wait">{problemText(fault, text)}</Alert>
      : radar === null ? <Skeleton lines={4} label={text.loading} />
      : (
        <>
          <SpamScore spam={radar.spam} />
          {radar.rejections.length === 0 ? <Empty icon={ShieldCheck} title={text.signals.refused.none} />
          : <Table radar={radar} />}
        </>
      )}
    </Card>
  );
}

function SpamScore({ spam }: { spam: Radar["spam"] }) {
  const { text, format } = useWords();
  const { refused } = text.signals;
  const labels = refused.labels(format.number(spam.spam_labels), format.number(spam.wanted_labels));
  const share = (value: number | null) => (value === null ? refused.unknown : format.percent(value));
  return (
    <p className="quiet" data-spam-score>
      {labels}{" "}
      {spam.is_scoring ? refused.score(share(spam.precision), share(spam.recall), format.number(spam.judged)) : refused.needs(format.number(spam.labels_needed))}
    </p>
  );
}

function Table({ radar }: { radar: Radar }) {
  const { text, format } = useWords();
  const { columns, refused } = text.signals;
  return (
    <table className="table" data-refused>
      <caption className="quiet">{refused.among(format.number(radar.looked_at))}</caption>
      <thead>
        <tr>
          <th scope="col">{columns.source}</th>
          <th scope="col">{refused.reason}</th>
          <th scope="col" className="number">{columns.rejected}</th>
        </tr>
      </thead>
      <tbody>
        {radar.rejections.map(({ source, reason, count }) => (
          <tr key={`${source} ${reason}`}>
            <th scope="row"><span className="row-title">{source}</span></th>
            <td data-label={refused.reason}>{whyOf(reason, text).words}</td>
            <td className="number" data-label={columns.rejected}>{format.number(count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
