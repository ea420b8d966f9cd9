import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { onnxFile } from "../src/inspect/onnx-file.ts";
import { bytesText } from "../src/terminal.ts";
import { expectRefusal, gen, runJson, scratch } from "./gen.ts";

const reference = (path: string) => fileURLToPath(new URL(`reference/${path}`, import.meta.url));
const unet28 = reference("unet-28/unet/model.onnx");
const foreign = reference("foreign.onnx");
const { at } = scratch();

interface Verdict {
  readonly where: string;
  readonly runs: boolean;
  readonly obstacles: string[];
}

describe.concurrent("gen inspect", () => {
  test("reports on a model in aligned lines", async () => {
    const { code, stdout, stderr } = await gen(["inspect", unet28]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^model\.onnx {2}173 kB {2}pytorch 1\.13\.0, opset 17, IR 8$/m);
    expect(stdout).toMatch(/^inputs {6}sample {6}float32 {2}\[batch, 1, 28, 28\]$/m);
    expect(stdout).toMatch(/^ {12}timestep {4}int64 {4}\[batch\]$/m);
    expect(stdout).toMatch(/^outputs {5}out_sample {2}float32 {2}\[batch, 1, 28, 28\]$/m);
    expect(stdout).toMatch(/^operations {2}\d+ nodes, \d+ kinds$/m);
    expect(stdout).toMatch(/ InstanceNormalization 14 /);
    expect(stdout).toMatch(/^parameters {2}32,617 in 86 tensors, 130 kB \(float32\)$/m);
    expect(stdout).toMatch(/ups\.0\.conv1\.weight +float32 +\[16, 32, 3, 3\] +18 kB$/m);
    expect(stdout).toMatch(/^memory {6}weights 13\d kB, activations at most \d+ kB$/m);
    expect(stdout).toMatch(/^runs on {5}onnx\/node-cpu {5}yes$/m);
    expect(stdout).toMatch(/^ {12}fine-tuning {7}yes$/m);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThan(101);
  });

  test("estimates memory for a batch", async () => {
    const [one, eight] = await Promise.all(
      ["1", "8"].map((batch) => runJson("inspect", unet28, "--batch", batch)),
    );
    expect(eight.dims).toEqual({ batch: 8 });
    const bytes = (report: typeof one) => report.memory as { weights: number; activations: number };
    expect(bytes(eight).weights).toBe(bytes(one).weights);
    const growth = bytes(eight).activations / bytes(one).activations;
    // All activations grow but for those of the time steps.
    expect(growth).toBeGreaterThan(7.5);
    expect(growth).toBeLessThanOrEqual(8);
  });

  test("counts weights in Constant nodes", async () => {
    const folder = new URL("../../", import.meta.url);
    const [constants, initializers] = await Promise.all(
      ["pipeline/test/reference/denoiser-constants-17", "graph/test/reference/denoiser-17"].map(
        (path) => runJson("inspect", fileURLToPath(new URL(`${path}.onnx`, folder))),
      ),
    );
    const countOf = ({ parameters }: typeof constants) => (parameters as { count: number }).count;
    expect(countOf(constants)).toBeGreaterThanOrEqual(countOf(initializers));
    const training = (constants.runs as Verdict[]).find(({ where }) => where === "fine-tuning");
    expect(training?.runs).toBe(true);
  });

  test("refuses a file with an operator of the runtime's own, with the node's name", async () => {
    const bytes = readFileSync(foreign).toString("latin1");
    for (const [i, [from, to]] of [
      ["com.microsoft", "com.ms.intern"],
      ["QuickGelu", "EPContext"],
    ].entries()) {
      const path = at(`private-${i}.onnx`);
      writeFileSync(path, Buffer.from(bytes.replaceAll(from, to), "latin1"));
      const message = /: node "[^ ]+" \(com\.[\w.]+\): a model file may name/;
      await expectRefusal(["inspect", path], message);
    }
  });

  test("names the operations that a backend cannot run", async () => {
    const report = await runJson("inspect", foreign);
    expect(report).toMatchObject({
      producer: "a?[31mb",
      opsets: { "ai.onnx": 17, "com.microsoft": 1 },
      operations: { "com.microsoft.QuickGelu": 1, MatMul: 1, Hardmax: 1 },
      parameters: { count: 12, tensors: 1, bytes: 48, outside: [] },
      dims: { "x.0": 1 },
    });
    const runs = report.runs as Verdict[];
    expect(runs.map(({ where }) => where)).toEqual([
      ...["onnx/node-cpu", "onnx/webgpu", "onnx/wasm", "onnx/node-webgpu", "onnx/node-cuda"],
      ...["onnx/node-dml", "onnx/node-coreml", "onnx/webnn"],
      ...["tfjs/webgpu", "tfjs/webgl", "tfjs/wasm", "tfjs/cpu", "cpu", "fine-tuning"],
    ]);
    for (const { where, runs: does, obstacles } of runs) {
      expect(does, where).toBe(where.startsWith("onnx/"));
      if (!does) expect(obstacles.join()).toMatch(/Hardmax/);
      if (!does && where !== "fine-tuning")
        expect(obstacles.join()).toMatch(/com\.microsoft\.QuickGelu/);
    }
  });

  test("reports on one backend alone, and exits with 2 if it cannot run the model", async () => {
    const { code, stdout, stderr } = await gen(["inspect", foreign, "--backend", "tfjs/webgl"]);
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /^runs on {5}tfjs\/webgl {2}no {3}cannot run com\.microsoft\.QuickGelu, Hardmax$/m,
    );
    expect(stdout).not.toMatch(/tfjs\/wasm/);
    expect(stderr).toMatch(/^gen: tfjs\/webgl cannot run foreign\.onnx: cannot run .*\n$/);
  });

  test("lists a pipeline's models and its scheduler", async () => {
    const folder = reference("unet-any");
    const [report, { stdout }] = await Promise.all([
      runJson("inspect", folder, "--dim", "height=8", "--batch", "2"),
      gen(["inspect", folder]),
    ]);
    expect(report).toMatchObject({
      models: [
        {
          file: "unet/model.onnx",
          inputs: [
            { name: "sample", dtype: "float32", shape: ["batch", 2, "height", "width"] },
            { name: "timestep", dtype: "float32", shape: [] },
          ],
          outputs: [{ name: "y", dtype: "float32", shape: ["batch", 4, "height", "width"] }],
          dims: { batch: 2, height: 8, width: 64 },
          parameters: { count: 3624, outside: ["model.onnx_data"] },
        },
      ],
      scheduler: { className: "DDPMScheduler", timesteps: 1000, clip: 1, sampler: "ddpm" },
      problems: [],
    });
    expect(stdout).toMatch(/^ {12}weights in model\.onnx_data$/m);
    expect(stdout).toMatch(/^scheduler\/scheduler_config\.json {2}DDPMScheduler$/m);
    expect(stdout).toMatch(/where batch = 1, height = 64, width = 64/);
    expect(stdout).toMatch(/^schedule {4}1000 steps, linear betas, leading spacing$/m);
  });

  test("names the scheduler of a flow", async () => {
    cpSync(reference("unet-any"), at("flow"), { recursive: true });
    const config = { _class_name: "FlowMatchEulerDiscreteScheduler", shift: 3 };
    writeFileSync(at("flow", "scheduler", "scheduler_config.json"), JSON.stringify(config));
    const [report, { stdout }] = await Promise.all([
      runJson("inspect", at("flow")),
      gen(["inspect", at("flow")]),
    ]);
    expect(report.scheduler).toMatchObject({ betas: null, spacing: null, sampler: "flow-euler" });
    expect(stdout).toMatch(/^schedule {4}1000 steps of a flow$/m);
  });

  test("names the scheduler of a class with levels of its own", async () => {
    cpSync(reference("unet-any"), at("edm"), { recursive: true });
    const config = { _class_name: "EDMEulerScheduler" };
    writeFileSync(at("edm", "scheduler", "scheduler_config.json"), JSON.stringify(config));
    const { stdout } = await gen(["inspect", at("edm")]);
    expect(stdout).toMatch(/^schedule {4}1000 steps, levels of its own$/m);
    expect(stdout).toMatch(/^sampler {5}EDMEulerScheduler$/m);
  });

  test("reports on a model without its weights, and on a damaged folder", async () => {
    cpSync(reference("unet-any/unet/model.onnx"), at("alone.onnx"));
    const { runs, memory } = await runJson("inspect", at("alone.onnx"));
    expect(memory).toBeNull();
    expect((runs as Verdict[])[0].obstacles).toEqual([
      "its weights in model.onnx_data are missing",
    ]);
    cpSync(reference("unet-28"), at("damaged"), { recursive: true });
    mkdirSync(at("damaged/vae_decoder"));
    writeFileSync(at("damaged/vae_decoder/model.onnx"), "text");
    const { code, stdout, stderr } = await gen(["inspect", at("damaged")]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^unet\/model\.onnx {2}173 kB/m);
    expect(stderr).toMatch(/^gen: .*damaged: vae_decoder\/model\.onnx: not an ONNX model.*\n$/);
  });

  test("has help with examples", async () => {
    const { code, stdout } = await gen(["inspect", "--help"]);
    expect(code).toBe(0);
    for (const flag of ["<path>", "--backend", "--batch", "--dim", "--json"])
      expect(stdout).toContain(flag);
    expect(stdout).toMatch(/Examples:\n {2}gen inspect model\.onnx/);
  });
});

describe.concurrent("gen inspect refuses in one line", () => {
  const put = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(at(name), bytes);
    return at(name);
  };
  const cases: [name: string, args: () => string[], message: RegExp][] = [
    ["no path", () => [], /missing required argument 'path'/],
    ["no file", () => [at("none.onnx")], /none\.onnx: no such file or folder/],
    ["a text", () => [put("a.onnx", "hello\n")], /a\.onnx: not an ONNX model, or a damaged one/],
    ["an empty file", () => [put("e.onnx", "")], /e\.onnx: not an ONNX model: it holds no graph/],
    [
      "a truncated file",
      () => [put("c.onnx", readFileSync(unet28).subarray(0, 90_000))],
      /c\.onnx: not an ONNX model, or a damaged one \(it ends too early\)/,
    ],
    ["a folder without a pipeline", () => [reference("unet-28/scheduler")], /holds no pipeline/],
    ["an unknown dimension", () => [unet28, "--dim", "width=9"], /its own are batch$/m],
    ["a dimension without size", () => [unet28, "--dim", "width"], /as height=64/],
    ["an unknown backend", () => [unet28, "--backend", "cuda"], /Allowed choices are onnx/],
  ];
  test.each(cases)("%s", (_, args, message) => expectRefusal(["inspect", ...args()], message));
});

test("a file is read whatever its operations are", () => {
  const field = (id: number, bytes: number[]) => [id * 8 + 2, bytes.length, ...bytes];
  const ascii = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0));
  // A node with a subgraph of one node, and a weight of 4 bits whose shape is not packed.
  const inner = field(1, field(4, ascii("Relu")));
  const loop = [...field(4, ascii("Loop")), ...field(5, field(6, inner))];
  const weight = [8, 3, 8, 5, 16, 22, ...field(8, ascii("w"))];
  const graph = [...field(1, loop), ...field(5, weight)];
  const model = Uint8Array.from([...field(7, graph), ...field(8, [16, 30])]);
  const found = onnxFile(model);
  expect(found.operations).toEqual({ Loop: 1, Relu: 1 });
  expect(found.tensors).toEqual([{ name: "w", dtype: "int4", shape: [3, 5], bytes: 8 }]);
  expect(found.opsets).toEqual({ "ai.onnx": 30 });
  for (let end = 0; end < model.length; end++)
    expect(() => onnxFile(model.subarray(0, end)), `${end}`).toThrow(/not an ONNX model/);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1 kB"],
  [4_619_607, "4.6 MB"],
  [99_500_000, "100 MB"],
  [999_900_000, "1 GB"],
])("%d bytes are %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));
