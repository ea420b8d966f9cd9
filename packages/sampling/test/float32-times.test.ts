// A pipeline's time steps beside those of diffusers in float32, of tooling/reference/float32-times.py.
import { readFileSync } from "node:fs";
import { readSchedulerConfig } from "@gen/schedules";
import { describe, expect, test } from "vitest";
import { denoiser, pipelineSteps, schedulerSteps } from "../src/index.ts";

interface Row {
  readonly config: Readonly<Record<string, unknown>>;
  readonly times: Readonly<Record<string, readonly number[]>>;
}
const file = new URL("reference/float32_times.json", import.meta.url);
const rows: readonly Row[] = JSON.parse(readFileSync(file, "utf8"));

const signature = { x: { shape: ["batch", 4] }, t: { shape: [1] } } as const;
const network = denoiser({ apply: (x) => x, parameters: [], signature });

/** The table of a pipeline of a config. */
function stepsOf(config: Row["config"], steps: number) {
  const scheduler = readSchedulerConfig(config);
  const pipeline = { kind: "diffusion", denoiser: network, scheduler, shape: [4] } as const;
  return pipelineSteps(pipeline, { steps, compat: "diffusers" });
}

const spreadOf = ({ config }: Row) => Object.keys(config).find((key) => key.startsWith("use_"));
const named = rows.map((row) => [`${row.config._class_name}, ${spreadOf(row)}`, row] as const);

describe.each(named)("%s", (_, { config, times }) => {
  test.each(Object.entries(times))("%s steps", (steps, wanted) => {
    expect(stepsOf(config, Number(steps)).steps.map(({ t }) => t)).toEqual(wanted);
  });
});

test("some schedules are cut off in float32, and tables in float64 never are", () => {
  const firsts = new Set(named.map(([, { times }]) => times[7][0]));
  expect([...firsts].sort()).toEqual([998, 999]);
  for (const [, { config }] of named) {
    expect(schedulerSteps(readSchedulerConfig(config), { steps: 7 }).steps[0].t).toBe(999);
  }
});

test("equal time steps at the start, where diffusers fails, are noted", () => {
  const [{ config }] = rows.filter(({ config }) => config.use_beta_sigmas);
  const { steps, notes } = stepsOf(config, 40);
  expect(steps.slice(0, 3).map(({ t }) => t)).toEqual([998, 998, 996]);
  expect(notes).toEqual(["diffusers fails where the first two time steps are equal, here 998"]);
});
