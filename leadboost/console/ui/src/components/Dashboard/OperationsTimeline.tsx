/** The six steps of the pipeline, as the daemon tells them; a step that is not built yet says so. */
import { Check, CircleDashed, Minus, TriangleAlert } from "lucide-react";

import { type Step, type StepState, STEPS } from "../../contract";
import { Card } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { phrase } from "../../text/server";

export function OperationsTimeline() {
  const { timeline } = useLive();
  const { text } = useWords();
  const steps = new Map(timeline?.steps.map((step) => [step.step, step]));
  return (
    <Card title={text.timeline.title} className="timeline-card">
      <ol className="timeline">
        {STEPS.map((name) => (
          <TimelineStep key={name} name={text.timeline.steps[name]} step={steps.get(name) ?? null} id={name} />
        ))}
      </ol>
    </Card>
  );
}

function TimelineStep({ name, step, id }: { name: string; step: Step | null; id: string }) {
  const { text, format } = useWords();
  const state = step?.state ?? null;
  return (
    <li className={`step step-${(state ?? "unknown").toLowerCase()}`} data-step={id} data-state={state ?? "unknown"}>
      <span className="step-mark">
        <Mark state={state} />
      </span>
      <div className="step-text">
        <h3>{name}</h3>
        <p className="step-state">
          {state === null ? text.unknown : text.timeline.states[state]}
          {step?.at != null && state !== "NOT_INSTALLED" && <time dateTime={step.at}>{format.at(step.at)}</time>}
        </p>
        {step?.detail != null && <p className="step-detail">{phrase(step.detail, text)}</p>}
      </div>
    </li>
  );
}

function Mark({ state }: { state: StepState | null }) {
  const size = { size: 14, strokeWidth: 2.5, "aria-hidden": true } as const;
  switch (state) {
    case "COMPLETE":
      return <Check {...size} />;
    case "ERROR":
      return <TriangleAlert {...size} />;
    case "PROCESSING":
      return <span className="pulse" />;
    case "IDLE":
      return <Minus {...size} />;
    default:
      return <CircleDashed {...size} />;
  }
}
