/** The error of the model over what it has learned, and effects that add up. */
import type { Effect, Forecast, LearnedWindow } from "../../contract";

export interface History {
  /** Rows learned by the end of each window. */
  rows: number[];
  at: string[];
  mae: (number | null)[];
  baseline: (number | null)[];
  coverage: (number | null)[];
}

/** Lay windows over what was learned. The last one is left out until it is half full: few rows say little. */
export function historyOf(all: LearnedWindow[]): History {
  const [before, last] = all.slice(-2);
  const windows = before !== undefined && last !== undefined && 2 * last.rows < before.rows ? all.slice(0, -1) : all;
  let learned = 0;
  return {
    rows: windows.map(({ rows }) => (learned += rows)),
    at: windows.map(({ at }) => at),
    mae: windows.map(({ mae }) => mae),
    baseline: windows.map(({ baseline_mae }) => baseline_mae),
    coverage: windows.map(({ coverage }) => coverage),
  };
}

export interface Explained {
  /** The largest first. */
  large: Effect[];
  /** How many are left, and what they come to together. */
  others: number;
  rest: number;
  /** What all of it comes to: log(1 + roi). */
  total: number;
  /** What the prediction says it is; more than rounding apart, the explanation does not hold. */
  holds: boolean;
}

const ROUNDING = 1e-3;

/** The `most` largest effects, and the others as one, so that what is shown adds up to the prediction. */
export function explained({ base, explanation, roi }: Forecast, most: number): Explained {
  const sorted = explanation.toSorted((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  const large = sorted.slice(0, most);
  const rest = sumOf(sorted.slice(most));
  const total = base + sumOf(large) + rest;
  return { large, others: sorted.length - large.length, rest, total, holds: Math.abs(total - Math.log1p(roi)) < ROUNDING };
}

function sumOf(effects: Effect[]): number {
  return effects.reduce((sum, { effect }) => sum + effect, 0);
}
