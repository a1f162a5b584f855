import type { Drift, ModelReply } from "../../contract";
import { Figure, type Tone } from "../../parts";
import { useWords } from "../../text";
import { phrase } from "../../text/server";
import { Comparison } from "./Comparison";

const DRIFT_TONES: Record<string, Tone> = { none: "ok", suspected: "wait", drifted: "wait" };

/** The figures of the moment. */
export function Standing({ report: { prequential, interval, observations, pending, version, drift } }: { report: ModelReply }) {
  const { text, format } = useWords();
  return (
    <dl className="figures standing">
      <Figure
        label={text.model.mae}
        hint={text.model.measure}
        value={format.number(prequential.mae, 3)}
        note={<Comparison model={prequential} />}
      />
      <Figure label={text.model.baseline} hint={text.model.measure} value={format.number(prequential.baseline_mae, 3)} note={text.model.scored(format.number(prequential.rows))} />
      <Figure
        label={text.model.coverage(format.percent(interval.level))}
        value={format.percent(interval.coverage, 1)}
        note={text.model.promised(format.percent(interval.level))}
      />
      <DriftFigure drift={drift} />
      <Figure label={text.model.outcomes} value={format.number(observations)} note={text.model.pending(format.number(pending))} />
      <Figure label={text.model.version} value={format.number(version)} note={text.model.serving} />
    </dl>
  );
}

function DriftFigure({ drift }: { drift: Drift | null }) {
  const { text, format } = useWords();
  if (drift === null) return <Figure label={text.model.drift} value={text.unknown} />;
  const note = [drift.since !== null && text.safety.since(format.at(drift.since)), drift.detail !== null && phrase(drift.detail, text)];
  const tone = DRIFT_TONES[drift.state];
  return (
    <Figure
      label={text.model.drift}
      value={text.model.drifts[drift.state] ?? drift.state}
      note={note.filter(Boolean).join(" · ")}
      {...(tone === undefined ? {} : { tone })}
    />
  );
}
