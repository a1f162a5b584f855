import { describe, expect, it } from "vitest";

import type { Forecast } from "../../contract";
import { explained, historyOf } from "./history";
import { bodyOf, type Plan } from "./plan";
import { scaleOf } from "./scale";

const PLAN: Plan = { spend: "", text: "", platform: "", source: "", signal: "", attributes: [] };

function forecast(base: number, effects: number[]): Forecast {
  const total = effects.reduce((sum, effect) => sum + effect, base);
  const explanation = effects.map((effect, index) => ({ feature: `f${index}`, effect }));
  return {
    roi: Math.expm1(total), expected_roi: 0, interval: { low: 0, high: 0, level: 0.8 }, basis: "learned", observations: 1, model_version: 1,
    base, explanation,
  };
}

describe("an explanation", () => {
  it("shows the largest effects and the others as one, and adds up", () => {
    const { large, others, rest, total, holds } = explained(forecast(0.2, [0.01, -0.5, 0.3, 0.02]), 2);

    expect(large.map(({ effect }) => effect)).toEqual([-0.5, 0.3]);
    expect([others, rest]).toEqual([2, 0.03]);
    expect(total).toBeCloseTo(0.03, 12);
    expect(holds).toBe(true);
  });

  it("does not hold where it does not add up to the answer", () => {
    expect(explained({ ...forecast(0.2, [0.1]), roi: 0.5 }, 8).holds).toBe(false);
  });

  it("may have no effect at all", () => {
    expect(explained(forecast(0.2, []), 8)).toMatchObject({ large: [], others: 0, rest: 0, total: 0.2, holds: true });
  });
});

describe("the history", () => {
  it("lies over the rows learned by the end of each window", () => {
    const window = { at: "2026-01-01T00:00:00Z", rows: 100, mae: 0.3, baseline_mae: 0.5, coverage: null };
    const { rows, coverage } = historyOf([window, { ...window, rows: 50, coverage: 0.8 }]);

    expect(rows).toEqual([100, 150]);
    expect(coverage).toEqual([null, 0.8]);
    expect(historyOf([window, { ...window, rows: 49 }]).rows).toEqual([100]);
    expect(historyOf([{ ...window, rows: 1 }]).rows).toEqual([1]);
  });
});

describe("the line of returns", () => {
  it.each([
    [-0.22, 1.7], [0.1, 0.3], [-0.9, -0.2], [-1, 40], [-0.01, 0.01], [0, 0],
  ])("holds zero and everything from %d to %d", (low, high) => {
    const { place, ticks } = scaleOf(low, high);

    expect(place(low)).toBeGreaterThanOrEqual(0);
    expect(place(high)).toBeLessThanOrEqual(1);
    expect(place(low)).toBeLessThanOrEqual(place(high));
    expect(ticks.some((tick) => Math.abs(tick) < 1e-9)).toBe(true);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.every((tick) => tick >= -1)).toBe(true);
    expect(ticks.length).toBeLessThan(9);
  });
});

describe("a plan", () => {
  it("leaves out what nobody typed", () => {
    expect(bodyOf(PLAN)).toEqual({});
  });

  it("is sent as the server takes it", () => {
    const attributes = [{ key: 1, name: " audience ", value: "runners" }, { key: 2, name: "", value: "" }];

    expect(bodyOf({ spend: "12.5", text: " Cold ", platform: "meta_ads", source: "", signal: "id-1", attributes })).toEqual({
      spend: "12.5", text: "Cold", platform: "meta_ads", signal_ids: ["id-1"], attributes: { audience: "runners" },
    });
  });
});
