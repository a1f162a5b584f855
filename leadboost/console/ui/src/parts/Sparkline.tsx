interface SparklineProps {
  /** Oldest first; null is a gap. */
  values: (number | null)[];
  /** A second line, dashed, on the same scale. */
  reference?: (number | null)[];
  /** Values that fill the width; fewer start at the right. */
  room: number;
  label: string;
  fromZero?: boolean;
}

const WIDTH = 240;
const HEIGHT = 48;
const PAD = 3;

export function Sparkline({ values, reference = [], room, label, fromZero = false }: SparklineProps) {
  const known = [...values, ...reference].filter((value) => value !== null);
  const high = Math.max(...known, fromZero ? 1 : Number.MIN_VALUE);
  const low = fromZero ? 0 : Math.min(...known);
  const scale = (value: number) =>
    high === low ? HEIGHT / 2 : HEIGHT - PAD - ((value - low) / (high - low)) * (HEIGHT - 2 * PAD);
  const across = (index: number, count: number) =>
    WIDTH - PAD - (count - 1 - index) * ((WIDTH - 2 * PAD) / Math.max(room - 1, 1));
  const path = (line: (number | null)[]) => {
    let pen = "M";
    return line
      .map((value, index) => {
        if (value === null) {
          pen = "M";
          return "";
        }
        const point = `${pen}${across(index, line.length).toFixed(1)} ${scale(value).toFixed(1)}`;
        pen = "L";
        return point;
      })
      .join("");
  };
  const last = values[values.length - 1];
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path className="sparkline-base" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      {reference.length > 0 && <path className="sparkline-reference" d={path(reference)} />}
      <path className="sparkline-line" d={path(values)} />
      {typeof last === "number" && (
        <path className="sparkline-end" d={`M${WIDTH - PAD} ${scale(last).toFixed(1)}h0.01`} />
      )}
    </svg>
  );
}
