import "uplot/dist/uPlot.min.css";

import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import uPlot from "uplot";

import { useWords } from "../text";

export type Stroke = "line" | "reference" | "level";

export interface Line {
  label: string;
  /** As long as `xs`; null is a gap. */
  values: (number | null)[];
  stroke: Stroke;
}

interface ChartProps {
  /** Ascending. */
  xs: number[];
  lines: Line[];
  /** What the whole shows, for those who do not see it. */
  label: string;
  x: (value: number) => string;
  /** Says more of the place that is read. */
  at?: (place: number) => string;
  y: (value: number | null) => string;
  /** The values that the vertical axis shows at least. */
  floor?: number;
  ceiling?: number;
}

const HEIGHT = 200;
const DASH = [4, 4];
const AXIS = 56;
const FONT = '12px "Inter", sans-serif';

/** Lines over a common axis; pointer or arrow keys read a place, else the last one is read. */
export function Chart({ xs, lines, label, x, at, y, floor, ceiling }: ChartProps) {
  const { text } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const [place, setPlace] = useState<number | null>(null);
  const id = useId();
  // The plot is made once for a set of lines; figures and words come and go.
  const words = useRef({ x, y });
  words.current = { x, y };
  const strokes = lines.map((line) => line.stroke).join();

  useEffect(() => {
    const room = box.current;
    if (room === null) return;
    const kinds = strokes.split(",") as Stroke[];
    const made = new uPlot(optionsOf(kinds, words, { floor, ceiling }, room, setPlace), [[], ...kinds.map(() => [])], room);
    plot.current = made;
    const unwatch = watch(room, made);
    return () => {
      unwatch();
      made.destroy();
      plot.current = null;
    };
  }, [strokes, floor, ceiling]);

  useEffect(() => {
    plot.current?.setData([xs, ...lines.map((line) => line.values)]);
  });

  function step(pressed: KeyboardEvent) {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -xs.length, End: xs.length }[pressed.key];
    const made = plot.current;
    if (by === undefined || made === null || xs.length === 0) return;
    pressed.preventDefault();
    const next = Math.min(Math.max((place ?? xs.length - 1) + by, 0), xs.length - 1);
    made.setCursor({ left: made.valToPos(xs[next] ?? 0, "x"), top: 0 });
  }

  const read = Math.min(place ?? xs.length - 1, xs.length - 1);
  const value = xs[read];
  return (
    <div className="chart">
      <div className="chart-keys" id={id} aria-live={place === null ? "off" : "polite"}>
        {lines.map((line) => (
          <span key={line.label} className="chart-key">
            <span className={`chart-stroke chart-${line.stroke}`} aria-hidden />
            {line.label} <strong>{y(line.values[read] ?? null)}</strong>
          </span>
        ))}
        {value !== undefined && <span className="quiet chart-at">{[x(value), at?.(read)].filter(Boolean).join(" · ")}</span>}
      </div>
      <div
        ref={box}
        className="chart-plot"
        role="img"
        aria-label={`${label} ${text.chartKeys}`}
        aria-describedby={id}
        tabIndex={0}
        onKeyDown={step}
        onBlur={() => plot.current?.setCursor({ left: -1, top: -1 })}
      />
    </div>
  );
}

interface Bounds {
  floor: number | undefined;
  ceiling: number | undefined;
}

type Words = { current: Pick<ChartProps, "x" | "y"> };

function optionsOf(strokes: Stroke[], words: Words, bounds: Bounds, box: HTMLElement, onPlace: (place: number | null) => void): uPlot.Options {
  const color = (name: string) => () => colorOf(box, name);
  const axis = { font: FONT, stroke: color("--ink-3"), ticks: { show: false } };
  const grid = { stroke: color("--line"), width: 1 };
  return {
    width: Math.max(box.clientWidth, 1),
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, width: 2 } },
    scales: { x: { time: false }, y: { range: (_, low, high) => rangeOf(low, high, bounds) } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 90, values: (_, ticks) => ticks.map((tick) => words.current.x(tick)) },
      { ...axis, grid, size: AXIS, space: 40, values: (_, ticks) => ticks.map((tick) => words.current.y(tick)) },
    ],
    series: [
      {},
      ...strokes.map((stroke) => ({
        stroke: color(stroke === "line" ? "--accent" : "--ink-3"),
        width: stroke === "line" ? 1.75 : 1.25,
        ...(stroke === "line" ? {} : { dash: stroke === "reference" ? DASH : [1, 4] }),
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [(made) => onPlace(made.cursor.idx ?? null)] },
  };
}

/** Room above and below what is known, and the bounds in any case. */
function rangeOf(low: number | null, high: number | null, { floor, ceiling }: Bounds): [number, number] {
  const least = Math.min(floor ?? Number.POSITIVE_INFINITY, low ?? floor ?? 0);
  const most = Math.max(ceiling ?? Number.NEGATIVE_INFINITY, high ?? ceiling ?? 1);
  const room = (most - least || 1) * 0.08;
  return [floor !== undefined && least === floor ? least : least - room, ceiling !== undefined && most === ceiling ? most : most + room];
}

/** Canvas knows neither variables nor light-dark(): the browser has to say what they come to. */
function colorOf(box: HTMLElement, name: string): string {
  const [probe] = box.getElementsByClassName("chart-probe");
  const made = (probe ?? box.appendChild(Object.assign(document.createElement("i"), { className: "chart-probe" }))) as HTMLElement;
  made.style.color = `var(${name})`;
  return getComputedStyle(made).color;
}

/** Follow the width of the box and the appearance of the page. */
function watch(box: HTMLElement, plot: uPlot): () => void {
  const sizes = new ResizeObserver(() => plot.setSize({ width: Math.max(box.clientWidth, 1), height: HEIGHT }));
  const repaint = () => plot.redraw(false);
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = new MutationObserver(repaint);
  sizes.observe(box);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  scheme.addEventListener("change", repaint);
  return () => {
    sizes.disconnect();
    theme.disconnect();
    scheme.removeEventListener("change", repaint);
  };
}
