import { fromOnnx, toOnnx } from "@gen/graph/onnx";
import { errorCode } from "@gen/math";
import { mlp, networkGraph } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { ddimSteps, denoiser, sample } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { convVae } from "@gen/vae";
import { expect, test } from "vitest";
import { savePipeline } from "../src/index.ts";

const schedule = linearSchedule({ steps: 8 });
const network = mlp({ inputs: 2, hidden: [3], time: true, classes: 2 });
const model = denoiser(network);
const run = {
  backend: await cpuBackend(),
  denoiser: model,
  steps: ddimSteps(schedule, { steps: 2 }),
  shape: [2, 2],
};
const keys = ["constructor", "__proto__", "toString", "x".repeat(2e6)];

test.each([
  ...[null, true, {}, Number.NaN, "1", [1]].map(
    (clip) => ["clip", () => sample({ ...run, clip: clip as never })] as const,
  ),
  ...keys.map(
    (key) =>
      ["condition", () => sample({ ...run, condition: JSON.parse(`{"${key}":1}`) })] as const,
  ),
  ["denoiser", () => sample({ ...run, denoiser: undefined as never })],
  ["shape", () => sample({ ...run, shape: "4" as never })],
  ["network", async () => denoiser(fromOnnx(toOnnx(networkGraph(network))) as never)],
  [
    "scheduler",
    () =>
      savePipeline({ kind: "diffusion", denoiser: model, shape: [2] } as never, () => undefined),
  ],
  ["size", async () => convVae({ channels: 3 } as never)],
] as const)("%s is named in one short line with a code", async (name, call) => {
  const error = await Promise.resolve()
    .then(call as () => unknown)
    .catch((error: unknown) => error);
  expect(errorCode(error)).toBe("invalid-argument");
  const { message } = error as Error;
  expect(message).toMatch(new RegExp(`^${name} must be .*, got `, "s"));
  expect(message.length).toBeLessThanOrEqual(500);
});
