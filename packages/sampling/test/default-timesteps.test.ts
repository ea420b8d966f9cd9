import { linearSchedule, timesteps } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { deisSteps, dpmSolverSteps, heunSteps, type Step, unipcSteps } from "../src/index.ts";

const schedule = linearSchedule();
const timesOf = (steps: readonly Step[]): number[] => [...new Set(steps.map(({ t }) => t))];
const singlestep = { method: "singlestep" } as const;

// Numbers of Python: [round(1000 * (1 - i / (n - 1 + d)) ** p) - 1 for i in range(n)].
describe("a solver's own time steps", () => {
  it.each([
    ["2M", () => dpmSolverSteps(schedule, { steps: 5 }), [999, 759, 532, 320, 130]],
    ["UniPC", () => unipcSteps(schedule, { steps: 5 }), [999, 759, 532, 320, 130]],
    ["DEIS", () => deisSteps(schedule, { steps: 5 }), [999, 759, 532, 320, 130]],
    [
      "2S",
      () => dpmSolverSteps(schedule, { ...singlestep, steps: 8 }),
      [999, 855, 714, 576, 443, 315, 193, 81],
    ],
    [
      "Heun",
      () => heunSteps(schedule, { steps: 10 }),
      [999, 907, 814, 719, 621, 521, 417, 308, 192, 60],
    ],
  ])("fall as the guide says: %s", (_, make, expected) => {
    expect(timesOf(make())).toEqual(expected);
  });

  it.each([1, 2, 3, 37, 500, 900, 990, 999, 1000])("are %i that strictly descend", (steps) => {
    for (const make of [dpmSolverSteps, unipcSteps, deisSteps, heunSteps]) {
      const times = timesOf(make(schedule, { steps }));
      expect(times).toHaveLength(steps);
      // A given list is refused unless it strictly descends in 0..999.
      expect(timesteps(schedule, { spacing: times })).toEqual(times);
      expect(times[0]).toBe(999);
    }
  });

  it("are all training steps when none are counted, and give way to spacing and sigmas", () => {
    expect(timesOf(dpmSolverSteps(schedule))).toEqual(timesteps(1000));
    const trailing = { steps: 5, spacing: "trailing" } as const;
    expect(timesOf(dpmSolverSteps(schedule, trailing))).toEqual([999, 799, 599, 399, 199]);
    const [last] = timesOf(heunSteps(schedule, { sigmas: [3, 0.001] })).slice(-1);
    expect(last).toBe(0);
  });

  it("refuse what no schedule has", () => {
    expect(() => unipcSteps(schedule, { steps: 0 })).toThrow("steps must be an integer in 1..1000");
    expect(() => heunSteps(schedule, { steps: 1001 })).toThrow(
      "steps must be an integer in 1..1000",
    );
  });
});
