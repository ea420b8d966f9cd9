import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  flowSigmas,
  linearSchedule,
  readSchedulerConfig,
  spaceTimesteps,
  timestepPairs,
  timesteps,
} from "../src/index.ts";
import type { Spacing } from "../src/timesteps.ts";
import { reference } from "./reference.ts";

interface Trace {
  scheduler: "ddim" | "ddpm";
  config: Record<string, unknown>;
  N: number | null;
  custom_timesteps: number[] | null;
  timesteps: number[];
}

describe("timesteps", () => {
  test("diffusers' lists, exactly", () => {
    const { cases } = reference("diffusers_timesteps.json") as { cases: Trace[] };
    expect(cases.length).toBe(42);
    for (const c of cases) {
      const _class_name = c.scheduler === "ddim" ? "DDIMScheduler" : "DDPMScheduler";
      const { schedule, spacing, offset } = readSchedulerConfig({ _class_name, ...c.config });
      const list = c.custom_timesteps
        ? timesteps(schedule, { spacing: c.custom_timesteps })
        : timesteps(schedule, { steps: c.N ?? undefined, spacing, offset });
      expect(list).toEqual(c.timesteps);
    }
  });

  test("N entries for every N in 1..T, descending, in 0..T-1", () => {
    for (const spacing of ["leading", "trailing", "linspace"] as const) {
      for (const T of [1, 2, 7, 100, 300]) {
        for (let steps = 1; steps <= T; steps++) {
          for (const offset of [0, 1]) {
            const list = timesteps(T, { steps, spacing, offset });
            expect(list.length).toBe(steps);
            list.forEach((t, i) => {
              if (!(Number.isInteger(t) && t >= 0 && t < T && (i === 0 || t < list[i - 1]))) {
                throw new Error(`${spacing} T ${T} N ${steps} offset ${offset}: ${list}`);
              }
            });
          }
        }
      }
    }
  });

  test("trailing starts at T - 1, linspace at both ends, leading ends at its offset", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1000 }), fc.nat(), (T, n) => {
        const steps = 2 + (n % (T - 1));
        expect(timesteps(T, { steps, spacing: "trailing" })[0]).toBe(T - 1);
        const linspace = timesteps(T, { steps, spacing: "linspace" });
        expect([linspace[0], linspace[steps - 1]]).toEqual([T - 1, 0]);
        expect(timesteps(T, { steps })[steps - 1]).toBe(0);
      }),
    );
  });

  test("halves are rounded to even", () => {
    // 12.5 i: 12.5 -> 12, 37.5 -> 38, 62.5 -> 62, 87.5 -> 88
    expect(timesteps(100, { steps: 8, spacing: "trailing" })).toEqual([
      99, 87, 74, 61, 49, 37, 24, 11,
    ]);
    expect(timesteps(4, { steps: 3, spacing: "linspace" })).toEqual([3, 2, 0]);
    expect(timesteps(6, { steps: 3, spacing: "linspace" })).toEqual([5, 2, 0]);
  });

  test("leading with offset 1 and every step never reaches T", () => {
    const list = timesteps(linearSchedule({ steps: 10 }), { steps: 10, offset: 1 });
    expect(list).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(timesteps(1000, { steps: 3, offset: 1 })).toEqual([667, 334, 1]);
  });

  test("a list of one's own is taken as it is, or refused", () => {
    const of = (spacing: Spacing, steps?: number) => timesteps(1000, { spacing, steps });
    expect(of([999, 500, 3])).toEqual([999, 500, 3]);
    expect(of([999, 500, 3], 3)).toEqual([999, 500, 3]);
    expect(() => of([])).toThrow("at least one step");
    expect(() => of([1, 2])).toThrow("spacing must strictly descend, got 2 after 1");
    expect(() => of([2, 2])).toThrow("strictly descend");
    expect(() => of([1000])).toThrow("spacing must list integers in 0..999, got 1000");
    expect(() => of([1.5])).toThrow("got 1.5");
    expect(() => of([3, 1], 4)).toThrow("steps must be 2, as many as spacing lists, got 4");
    expect(() => of("karras" as "leading")).toThrow("spacing must be leading, trailing");
  });

  test("counts outside 1..T are refused", () => {
    for (const steps of [0, 1001, 2.5, Number.NaN]) {
      expect(() => timesteps(1000, { steps })).toThrow(
        `steps must be an integer in 1..1000, got ${steps}`,
      );
    }
    expect(() => timesteps(1000, { steps: 10, offset: -1 })).toThrow("offset must be");
  });
});

describe("spaceTimesteps", () => {
  test("guided-diffusion's lists, exactly, and what it refuses", () => {
    const { cases } = reference("space_timesteps.json");
    expect(cases.length).toBe(90);
    for (const { T, sections, result } of cases) {
      if (Array.isArray(result)) expect(spaceTimesteps(T, sections)).toEqual(result);
      else expect(() => spaceTimesteps(T, sections)).toThrow(RangeError);
    }
  });

  test("nonsense is refused", () => {
    expect(() => spaceTimesteps(100, "ddimx")).toThrow("got ddimx");
    expect(() => spaceTimesteps(100, "a,b")).toThrow("section 0 must be an integer");
    for (const sections of ["", " ", "10,,5", "10,", "1e1", "0x2", [2.5], [-1]]) {
      expect(() => spaceTimesteps(1000, sections)).toThrow(
        /section \d must be an integer in 0\.\./,
      );
    }
    for (const sections of [[], [0], "0,0"]) {
      expect(() => spaceTimesteps(1000, sections)).toThrow("sections must take at least one step");
    }
    expect(spaceTimesteps(100, " 2, 0 ")).toEqual([0, 49]);
    expect(() => spaceTimesteps(0, "1")).toThrow("length must be a positive integer, got 0");
    expect(() => spaceTimesteps(Number.NaN, "ddim5")).toThrow("length must be a positive integer");
  });
});

describe("timestepPairs", () => {
  test("each step leads to the next entry, the last to the end", () => {
    expect(timestepPairs([99, 85, 13])).toEqual([
      { t: 99, next: 85 },
      { t: 85, next: 13 },
      { t: 13, next: -1 },
    ]);
  });

  test("diffusers' rule only where named", () => {
    const list = timesteps(100, { steps: 7, spacing: "trailing" });
    expect(list).toEqual([99, 85, 70, 56, 42, 28, 13]);
    const pairs = timestepPairs(list, { compat: "diffusers", length: 100 });
    expect(pairs.map(({ next }) => next)).toEqual([85, 71, 56, 42, 28, 14, -1]);
    const even = timesteps(1000, { steps: 10 });
    expect(timestepPairs(even, { compat: "diffusers", length: 1000 })).toEqual(timestepPairs(even));
    expect(() => timestepPairs(even, { compat: "diffusers" })).toThrow("length must be");
  });
});

test("typos in options are refused", () => {
  const compat = "Diffusers" as "diffusers";
  expect(() => timestepPairs([5, 2], { compat, length: 10 })).toThrow(
    "compat must be diffusers or left out, got Diffusers",
  );
  for (const name of ["setAlphaToOne", "rescaleBetasZeroSnr"]) {
    expect(() => linearSchedule({ [name]: "false" })).toThrow(
      `${name} must be true or false, got "false"`,
    );
  }
  const lengths = { baseShift: 0.5, maxShift: 1.15, baseLength: 256, maxLength: 4096 };
  const dynamic = { ...lengths, form: "exp" as "exponential" };
  expect(() => flowSigmas({ steps: 4, dynamic, imageLength: 300 })).toThrow(
    "form must be exponential or linear, got exp",
  );
});
