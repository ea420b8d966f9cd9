// What `gen inspect` reads of a folder of 3.9 GB, whose weights are holes in sparse files.
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { gen, scratch } from "./gen.ts";

const { at } = scratch();

/** Parts of a file; a number is so many zeros, which are not written. */
type Parts = readonly (Uint8Array | number)[];

const lengthOf = (parts: Parts) =>
  parts.reduce<number>((sum, part) => sum + (typeof part === "number" ? part : part.length), 0);

function varint(value: number): number[] {
  return value < 128 ? [value] : [128 + (value % 128), ...varint(Math.floor(value / 128))];
}
const number = (id: number, value: number): Parts => [Uint8Array.from([id * 8, ...varint(value)])];
const field = (id: number, ...parts: readonly Parts[]): Parts => {
  const inside = parts.flat();
  return [Uint8Array.from([...varint(id * 8 + 2), ...varint(lengthOf(inside))]), ...inside];
};
const text = (id: number, value: string): Parts => field(id, [new TextEncoder().encode(value)]);

const value = (id: number, name: string, dims: readonly (number | string)[]): Parts => {
  const shape = dims.map((d) => field(1, typeof d === "number" ? number(1, d) : text(2, d)));
  return field(id, text(1, name), field(2, field(1, number(1, 1), field(2, ...shape))));
};

/** `y = x A B A B ...`, each of `bytes`, in the file or, from `place` on, beside it. */
function model(input: string, count: number, bytes: number, isOutside: boolean): Parts {
  const wide = bytes / 4 / 64;
  const names = Array.from({ length: count }, (_, i) => `w${i}`);
  const nodes = names.map((name, i) =>
    field(
      1,
      text(1, i === 0 ? input : `h${i - 1}`),
      text(1, name),
      text(2, i === count - 1 ? "y" : `h${i}`),
      text(4, "MatMul"),
    ),
  );
  const entry = (key: string, value: string | number) =>
    field(13, text(1, key), text(2, String(value)));
  const weights = names.map((name, i) => {
    const shape = i % 2 === 0 ? [64, wide] : [wide, 64];
    const place = [
      entry("location", "model.onnx_data"),
      entry("offset", i * bytes),
      entry("length", bytes),
      number(14, 1),
    ];
    const dims = shape.map((d) => number(1, d));
    const elements = isOutside ? place : [field(9, [bytes])];
    return field(5, ...dims, number(2, 1), text(8, name), ...elements);
  });
  const shape = ["batch", 4, 64, 64];
  const graph = [
    ...nodes,
    text(2, "g"),
    ...weights,
    value(11, input, shape),
    value(12, "y", shape),
  ];
  return [...number(1, 8), ...field(7, ...graph), ...field(8, text(1, ""), number(2, 17))];
}

function write(path: string, parts: Parts): void {
  const file = openSync(path, "w");
  let place = 0;
  for (const part of parts) {
    if (typeof part !== "number") writeSync(file, part, 0, part.length, place);
    place += typeof part === "number" ? part : part.length;
  }
  ftruncateSync(file, place);
  closeSync(file);
}

const counter = `
import fs from "node:fs/promises";
const handle = await fs.open(new URL(import.meta.url));
const handles = Object.getPrototypeOf(handle);
await handle.close();
let bytes = 0;
for (const name of ["read", "readFile"]) {
  const own = handles[name];
  handles[name] = async function (...args) {
    const result = await own.apply(this, args);
    bytes += result.bytesRead ?? result.length;
    return result;
  };
}
process.on("exit", () => {
  console.error(JSON.stringify({ bytes, peak: 1024 * process.resourceUsage().maxRSS }));
});
`;

// Other systems write the zeros.
test.runIf(process.platform === "linux")(
  "gen inspect reads the headers of a large folder alone, in 300 MB",
  async () => {
    const each = 2 ** 27;
    for (const part of ["unet", "vae_decoder", "scheduler"])
      mkdirSync(at("large", part), { recursive: true });
    write(at("large/unet/model.onnx"), model("sample", 26, each, true));
    write(at("large/unet/model.onnx_data"), [26 * each]);
    write(at("large/vae_decoder/model.onnx"), model("latent_sample", 4, each, false));
    const json = (path: string, value: object) =>
      writeFileSync(at("large", path), JSON.stringify(value));
    json("model_index.json", { _class_name: "DDPMPipeline" });
    json("unet/config.json", { sample_size: 64, in_channels: 4, out_channels: 4 });
    json("scheduler/scheduler_config.json", { _class_name: "DDPMScheduler" });
    const size = ["unet/model.onnx_data", "vae_decoder/model.onnx"]
      .map((path) => statSync(at("large", path)).size)
      .reduce((a, b) => a + b);
    expect(size).toBeGreaterThan(3.4e9);

    writeFileSync(at("counter.mjs"), counter);
    const node = ["--import", pathToFileURL(at("counter.mjs")).href];
    const { code, stdout, stderr } = await gen(["inspect", at("large"), "--json"], { node });
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.pipeline).toMatchObject({
      kind: "unconditional",
      needs: [],
      latent: [4, 64, 64],
      parts: [
        { name: "unet", weights: 26 * each },
        { name: "vae_decoder", weights: 4 * each },
      ],
      memory: { weights: 30 * each },
    });
    const [unet, decoder] = report.models;
    expect(unet).toMatchObject({ parameters: { tensors: 26, outside: ["model.onnx_data"] } });
    expect(unet.memory.weights).toBe(26 * each);
    expect(decoder).toMatchObject({ parameters: { tensors: 4, count: each } });
    const runsOn = (model: typeof unet, name: string) =>
      model.runs.find(({ where }: { where: string }) => where === name);
    expect(runsOn(unet, "onnx/node-cpu")).toMatchObject({ runs: true, obstacles: [] });
    for (const name of ["tfjs/cpu", "cpu", "fine-tuning"]) {
      expect(runsOn(unet, name).obstacles.join(), name).toMatch(/goes to ONNX Runtime as it is/);
      expect(runsOn(decoder, name).obstacles.join(), name).not.toMatch(/as it is/);
    }
    const { bytes, peak } = JSON.parse(stderr);
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThan(100_000);
    expect(peak).toBeLessThan(300e6);
  },
);
