// One side of the large models, in a process of its own: ours, or a bare session of the same file.
// `node side.mjs WAY FOLDER SIZE THREADS` prints the milliseconds of load and first step, then takes a
// guided step for each line of its input. Each answer is { ms, peak } with the peak memory in bytes.
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [way, folder, size, threads] = process.argv.slice(2);
const side = Number(size);
const [tokens, width] = [77, 768];
const states = (seed) =>
  Float32Array.from({ length: tokens * width }, (_, i) => Math.sin(12.9898 * (i + seed)));

/** Our guided DDIM steps of the folder's pipeline. */
async function ours() {
  const { loadPipeline } = await import("@gen/pipeline");
  const { onnxBackend } = await import("@gen/runtime-gpu/onnx");
  const { generate } = await import("@gen/sampling");
  const { stepRunner } = await import("../measure.mjs");
  const read = (path) => readFile(join(folder, path)).catch(() => undefined);
  async function openFile(path) {
    const place = join(folder, path);
    const stats = await stat(place).catch(() => undefined);
    if (!stats) return undefined;
    return {
      path: place,
      size: stats.size,
      async read(offset, length) {
        const file = await open(place);
        const { buffer } = await file.read(new Uint8Array(length), 0, length, offset);
        await file.close();
        return buffer;
      },
      beside: (location) => openFile(join(path, "..", location)),
    };
  }
  const condition = (seed) => ({
    encoder_hidden_states: { data: states(seed), shape: [1, tokens, width], dtype: "float32" },
  });
  return async () => {
    const backend = onnxBackend({ provider: "cpu", threads: Number(threads) });
    const pipeline = await loadPipeline(read, { open: openFile, shape: [4, side, side] });
    const guidance = { scale: 7.5, unconditional: condition(1) };
    const run = { backend, guidance, condition: condition(0), sampler: "ddim", steps: 1000 };
    const { steps } = await stepRunner((hooks) => generate(pipeline, { ...run, ...hooks }));
    return () => steps(1);
  };
}

/** Two runs of a bare session on inputs that are made once: less than a sampler must do. */
async function bare() {
  const ort = await import("onnxruntime-node");
  const type = folder.includes("fp16") ? "float16" : "float32";
  const fill = (length, value) =>
    type === "float16" ? new Uint16Array(length).fill(value) : new Float32Array(length).fill(0.1);
  return async () => {
    const path = join(folder, "unet", "model.onnx");
    const session = await ort.InferenceSession.create(path, { intraOpNumThreads: Number(threads) });
    const feeds = {
      sample: new ort.Tensor(type, fill(4 * side * side, 0x2e66), [1, 4, side, side]),
      timestep: new ort.Tensor("int64", [500n], [1]),
      encoder_hidden_states: new ort.Tensor(type, fill(tokens * width, 0x2e66), [1, tokens, width]),
    };
    const step = async () => {
      for (let pass = 0; pass < 2; pass++) {
        for (const tensor of Object.values(await session.run(feeds))) tensor.dispose();
      }
    };
    await step();
    return step;
  };
}

const start = await (way === "ours" ? ours : bare)();
const timed = async (work) => {
  const [began, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const ms = performance.now() - began;
  // Node counts in kilobytes.
  const peak = 1024 * process.resourceUsage().maxRSS;
  console.log(JSON.stringify({ ms, cpu: (user + system) / 1000, peak }));
  return result;
};
const step = await timed(start);
for await (const _ of createInterface({ input: process.stdin })) await timed(step);
process.exit();
