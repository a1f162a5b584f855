/** Where returns stand on a line from a total loss upwards. */

export interface Scale {
  /** Between 0 and 1. */
  place: (roi: number) => number;
  /** Round ones, zero among them. */
  ticks: number[];
}

const LOSS = -1;
const STEPS = [0.1, 0.25, 0.5, 1, 2.5, 5];
const TICKS = 5;

/** From what is lost or gained at most, zero always among it, to the next round tick. */
export function scaleOf(low: number, high: number): Scale {
  const from = Math.min(low, 0);
  const to = Math.max(high, 0);
  const step = stepOf(to - from || 1);
  const first = Math.max(Math.floor(from / step) * step, LOSS);
  const last = Math.max(Math.ceil(to / step) * step, first + step);
  const [lowest, highest] = [Math.ceil(first / step), Math.round(last / step)];
  const ticks = Array.from({ length: highest - lowest + 1 }, (_, index) => (lowest + index) * step);
  return { place: (roi) => Math.min(Math.max((roi - first) / (last - first), 0), 1), ticks };
}

function stepOf(width: number): number {
  let size = 1;
  for (;;) {
    const step = STEPS.find((each) => width / (each * size) <= TICKS);
    if (step !== undefined) return step * size;
    size *= 10;
  }
}
