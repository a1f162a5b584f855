import { useMemo } from "react";

import type { ModelReply } from "../../contract";
import { Chart } from "../../parts/Chart";
import { useWords } from "../../text";
import { historyOf } from "./history";

const FEWEST = 2;

/** Error and coverage, window by window, over the rows that were learned. */
export function Histories({ report }: { report: ModelReply }) {
  const { text, format } = useWords();
  const history = useMemo(() => historyOf(report.history), [report]);
  if (history.rows.length < FEWEST) return <p className="quiet">{text.model.noHistory}</p>;
  const { level } = report.interval;
  const rows = (value: number) => text.model.rows(format.number(Math.round(value)));
  const at = (place: number) => format.at(history.at[place]);
  return (
    <div className="charts">
      <figure>
        <figcaption>{text.model.errorOver}</figcaption>
        <Chart
          xs={history.rows}
          lines={[
            { label: text.model.mae, values: history.mae, stroke: "line" },
            { label: text.model.baseline, values: history.baseline, stroke: "reference" },
          ]}
          label={text.model.errorChart}
          x={rows}
          at={at}
          y={(value) => format.number(value, 2)}
          floor={0}
        />
      </figure>
      <figure>
        <figcaption>{text.model.coverageOver}</figcaption>
        <Chart
          xs={history.rows}
          lines={[
            { label: text.model.coverageLine, values: history.coverage, stroke: "line" },
            { label: text.model.levelLine, values: history.rows.map(() => level), stroke: "reference" },
          ]}
          label={text.model.coverageChart}
          x={rows}
          at={at}
          y={(value) => format.percent(value)}
          ceiling={1}
        />
      </figure>
    </div>
  );
}
