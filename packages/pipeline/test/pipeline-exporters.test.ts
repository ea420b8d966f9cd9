import {
  add,
  cast,
  concat,
  type DType,
  type Expr,
  mul,
  reshape,
  type Shape,
  type Signature,
  trace,
} from "@gen/graph";
import { toOnnx } from "@gen/graph/onnx";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { sample, stepTable } from "@gen/sampling";
import { linearSchedule, writeSchedulerConfig } from "@gen/schedules";
import { expect, it } from "vitest";
import { loadModel, loadPipeline } from "../src/index.ts";

const schedule = linearSchedule({ steps: 10 });
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const reader = (files: Record<string, Uint8Array | undefined>) => (path: string) =>
  Promise.resolve(files[path]);

/** A folder whose denoiser gives x + t, as an exporter with these habits would write it. */
function exported(
  time: Signature,
  image: Shape = ["batch", 2, "height", "width"],
  outputs: (y: Expr) => Record<string, Expr> = (y) => ({ anything: y }),
) {
  const unet = trace(
    ({ latent, when }: Record<string, Expr>) => {
      const t = cast(when, "float32");
      return outputs(add(latent, t.shape.length === 0 ? t : reshape(t, [t.shape[0], 1, 1, 1])));
    },
    { latent: { shape: image }, when: time },
  );
  return {
    "unet/model.onnx": toOnnx(unet, { name: "unet" }),
    "scheduler/scheduler_config.json": new TextEncoder().encode(writeSchedulerConfig({ schedule })),
  };
}

/** One row that gives what the denoiser does. */
const row = {
  ...stepTable([{ t: 7, from: schedule.level(7), to: schedule.level(3) }])[0],
  next: { x0: 0, x: 0, prediction: 1, noise: 0 },
};

const times: [shape: Shape, dtype: DType][] = [
  [[], "int64"],
  [[], "float32"],
  [[1], "int64"],
  [["batch"], "int32"],
  [["batch"], "float32"],
];
it.each(times)("a time step of shape %j and dtype %s is told", async (shape, dtype) => {
  const files = exported({ shape, dtype });
  const loaded = await loadPipeline(reader(files), { shape: [undefined, 2, 3] });
  const x = Float32Array.from({ length: 24 }, (_, i) => i / 8);
  const run = { backend: cpuBackend(), denoiser: loaded.denoiser, shape: [2, 2, 2, 3] };
  const { x: out } = await sample({ ...run, steps: [row], x });
  expect([...out]).toEqual([...x].map((v) => v + 7));
});

it("a size that the model leaves open is the caller's, the index's or the config's", async () => {
  const files = exported({ shape: [] });
  const config = { "unet/config.json": text({ sample_size: [8, 6], in_channels: 5 }) };
  const index = { "model_index.json": text({ _gen: { shape: [2, 5, 4] } }) };
  const shape = async (more: object, asked?: (number | undefined)[]) =>
    (await loadPipeline(reader({ ...files, ...more }), { shape: asked })).shape;
  expect(await shape(config)).toEqual([2, 8, 6]);
  expect(await shape({ "unet/config.json": text({ sample_size: 8 }) })).toEqual([2, 8, 8]);
  expect(await shape({ ...config, ...index })).toEqual([2, 5, 4]);
  expect(await shape({ ...config, ...index }, [undefined, 3, 7])).toEqual([2, 3, 7]);
  await expect(shape({})).rejects.toThrow(
    "unet/model.onnx: the sample's shape [batch, 2, height, width] is open: give its size",
  );
  await expect(shape({ "unet/config.json": text({ sample_size: 1.5 }) })).rejects.toThrow(
    "is open",
  );
  await expect(shape({ "model_index.json": text({ _gen: { shape: [3, 5, 4] } }) })).rejects.toThrow(
    "does not fit model_index.json's [3, 5, 4]",
  );
  const fixed = exported({ shape: [] }, ["batch", 2, 4, 4]);
  expect((await loadPipeline(reader(fixed), { shape: [9, 9, 9] })).shape).toEqual([2, 4, 4]);
});

it("an output called out_sample or sample is taken before others, and may tell a variance", async () => {
  const image = ["batch", 2, 1, 1];
  const several = exported({ shape: [] }, image, (y) => ({
    features: mul(y, 2),
    sample: concat([y, mul(y, 3)], 1),
  }));
  const { denoiser } = await loadPipeline(reader(several));
  const told = { ...row, variance: { of: "variance", offset: 0, slope: 1 } as const };
  const noisy = { ...told, next: { ...row.next, noise: 1 } };
  const run = { backend: cpuBackend(), denoiser, shape: [1, 2, 1, 1] };
  const { x } = await sample({
    ...run,
    steps: [noisy],
    x: [1, 5],
    noise: () => new Float64Array([1, 2]),
  });
  // x + t, and the root of three times that for each unit of noise.
  expect(x[0]).toBeCloseTo(8 + Math.sqrt(24), 5);
  expect(x[1]).toBeCloseTo(12 + 2 * Math.sqrt(36), 5);
});

it("a model alone is loaded, or is not there", async () => {
  const files = exported({ shape: [] });
  expect((await loadModel(reader(files), "unet/model.onnx"))?.outputNames).toEqual(["anything"]);
  expect(await loadModel(reader(files), "vae/model.onnx")).toBeUndefined();
  await expect(loadModel(reader(files), "unet/model.onnx", { limit: 9 })).rejects.toThrow(
    /^unet\/model\.onnx has \d+ bytes, at most 9 are allowed$/,
  );
});
