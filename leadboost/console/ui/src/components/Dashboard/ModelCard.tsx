import { ArrowRight, LineChart } from "lucide-react";

import type { ModelState } from "../../contract";
import { Card, Empty, Figure, Skeleton } from "../../parts";
import { Sparkline } from "../../parts/Sparkline";
import { useLive } from "../../services/liveStore";
import { hrefOf } from "../../services/route";
import { useWords } from "../../text";
import { UNKNOWN } from "../../text/format";
import { Comparison } from "../Model/Comparison";

const SHOWN_VERSIONS = 30;

/** How wrong the ROI model has been, beside the plain running mean. */
export function ModelCard() {
  const { model } = useLive();
  const { text } = useWords();
  return (
    <Card
      title={text.model.title}
      aside={
        <a className="link" href={hrefOf("model")}>
          {text.views.model} <ArrowRight aria-hidden size={14} />
        </a>
      }
    >
      {model === null ? <Skeleton lines={5} label={text.loading} />
      : model.mae === null ? <Empty icon={LineChart} title={text.model.none}>{text.model.noneMeaning}</Empty>
      : <Measured model={model} />}
    </Card>
  );
}

function Measured({ model }: { model: ModelState }) {
  const { report } = useLive();
  const { text, format } = useWords();
  const shown = (report?.versions ?? []).toSorted((a, b) => a.version - b.version).slice(-SHOWN_VERSIONS);
  const line = (metric: "mae" | "baseline_mae") => shown.map((version) => version[metric]);
  return (
    <>
      <div className="headline">
        <p title={text.model.measure}>
          <strong>{format.number(model.mae, 3)}</strong> <span className="quiet">{text.model.mae}</span>
          <br />
          <Comparison model={model} />
        </p>
        {shown.length > 1 && (
          <Sparkline values={line("mae")} reference={line("baseline_mae")} room={shown.length} label={text.model.chart} />
        )}
      </div>
      <dl className="pairs">
        <Figure label={text.model.baseline} value={format.number(model.baseline_mae, 3)} />
        <Figure label={text.model.coverage(format.percent(model.level))} value={format.percent(model.coverage, 1)} />
        <Figure label={text.model.outcomes} value={format.number(model.observations)} />
        <Figure label={text.model.drift} value={model.drift === null ? UNKNOWN : (text.model.drifts[model.drift] ?? model.drift)} />
        <Figure label={text.model.version} value={format.number(model.version)} />
      </dl>
    </>
  );
}
