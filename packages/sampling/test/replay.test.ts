import type { FloatArray } from "@gen/math";
import { errorCode } from "@gen/math";
import { readSchedulerConfig } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import {
  BATCH,
  caseClasses,
  casesOf,
  indices,
  learned,
  noise,
  optionsOf,
  prediction,
  ROW,
  run,
} from "../../../tooling/fixtures/class-cases.ts";
import { type Step, sample, schedulerSteps } from "../src/index.ts";

/** The network as a function, with the channels of a variance where the table reads them. */
function networkFor(steps: readonly Step[]) {
  const twice = steps.some(({ variance }) => variance);
  return (x: FloatArray, t: number) => {
    const out = Array.from(x, (v, i) => prediction(v, t, i));
    const raw = Array.from(x, (v, i) => learned(v, t, i));
    const rows = Array.from({ length: BATCH }, (_, row) => {
      const part = (of: number[]) => of.slice(row * ROW, (row + 1) * ROW);
      return twice ? [...part(out), ...part(raw)] : part(out);
    });
    return Float64Array.from(rows.flat());
  };
}

const CLASSES = process.env.GEN_CLASSES?.split(",") ?? caseClasses;

describe.each(CLASSES)("%s", (name) => {
  it.each(
    casesOf(name).map((one, i) => [JSON.stringify([one.config, one.options]), one, i] as const),
  )("%s", async (_, one, number) => {
    const config = { _class_name: name, ...one.config };
    const make = () =>
      schedulerSteps(readSchedulerConfig(config), {
        ...optionsOf(one.options),
        compat: "diffusers",
      });
    if (one.error !== undefined) {
      // The class refuses or fails: whatever is given must be finite.
      let table: ReturnType<typeof make>;
      try {
        table = make();
      } catch (error) {
        expect(["invalid-data", "invalid-argument", "RangeError"]).toContain(
          errorCode(error) ?? (error as Error).name,
        );
        return;
      }
      expect(run(table.steps, table.clip, table.initialScale).every(Number.isFinite)).toBe(true);
      return;
    }
    const { steps, clip, initialScale, sigmas } = make();
    const near = (got: readonly number[], wanted: readonly number[], tolerance = 1e-11) => {
      expect(got).toHaveLength(wanted.length);
      const size = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
      for (const [i, v] of wanted.entries()) {
        expect(Math.abs(got[i] - v) / size, `number ${i}: ${got[i]}, wanted ${v}`).toBeLessThan(
          tolerance,
        );
      }
    };
    near(
      steps.map(({ t }) => t),
      one.timesteps ?? [],
    );
    if (sigmas) near(sigmas, one.sigmas ?? []);
    near(run(steps, clip, initialScale), one.sample ?? []);
    if (number % 5 > 0) return;
    // The same by the loop that users call.
    const { x } = await sample({
      denoiser: networkFor(steps),
      steps,
      clip,
      initialScale,
      shape: [BATCH, ROW, 1],
      x: indices.map((i) => noise(-1, i)),
      noise: (row) => Float64Array.from(indices, (i) => noise(row, i)),
    });
    // Dynamic thresholding finds its quantile by halving.
    near([...x], one.sample ?? [], typeof clip === "object" ? 1e-8 : 1e-11);
  });
});
