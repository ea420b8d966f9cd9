import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readSafetensors, writeSafetensors } from "@gen/data";
import { constant, fromFloat16, graphOf, tensor, trace } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { fromOnnx, readModelLayout, toOnnx } from "@gen/graph/onnx";
import { unet, withWeights } from "@gen/nn";
import { describe, expect, test } from "vitest";
import { loraAdapters, mergeLora } from "../src/index.ts";
import { type FittedModel, fitModule } from "../src/lora/fit-module.ts";
import { MAX_LORA_RANK, MAX_LORA_TENSORS } from "../src/lora/limits.ts";
import { addDelta } from "../src/lora/lora-delta.ts";
import { diffusersName, type LoraPart, parseKey } from "../src/lora/lora-keys.ts";
import { loraTargets } from "../src/lora/lora-targets.ts";
import type { LoraModule } from "../src/lora/read-lora.ts";
import type { ModelLayout } from "../src/model-bytes.ts";
import { loraOfQueries, outside } from "./lora-cases.ts";

// Written by tooling/reference/lora-merge.py with torch 2.15, diffusers 0.39 and peft 0.19.
const folder = join(import.meta.dirname, "reference/lora");
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
const unzipped = (name: string) => new Uint8Array(gunzipSync(bytesOf(`${name}.gz`)));

type Uses = [file: string, strength: number][];
type Sums = Record<string, [number, number]>;
interface Merge {
  readonly uses: Uses;
  readonly changed: Sums;
  readonly unet: number[];
  readonly text_encoder: number[];
}
const { merges, half }: { merges: Merge[]; half: Merge } = JSON.parse(
  Buffer.from(unzipped("expected.json")).toString(),
);
const [kohya] = merges;
const script = unzipped("unet-script.onnx");
const encoder = bytesOf("text-encoder.onnx");
const usesOf = (uses: Uses) =>
  uses.map(([name, strength]) => ({ lora: bytesOf(name), name, strength }));

/** The models after a merge, and its notes. */
function merged(unet: Uint8Array, uses: Uses) {
  const models = { unet: { model: unet.slice() }, text_encoder: { model: encoder.slice() } };
  const { notes, patches } = mergeLora(models, usesOf(uses));
  for (const part of ["unet", "text_encoder"] as const) {
    for (const { bytes, offset } of patches(part)) models[part].model.set(bytes, offset);
  }
  return { notes, unet: models.unet.model, text_encoder: models.text_encoder.model };
}

/** The sums that the reference has, of each weight as PyTorch has it, by its module. */
function sumsOf(model: Uint8Array, part: LoraPart): Sums {
  const { byModule } = loraTargets(readModelLayout(model));
  const { weights } = readModelLayout(model);
  return Object.fromEntries(
    [...byModule].map(([module, { weight, transposed }]) => {
      const { shape, dtype, offset, length } = weights.get(weight) as never as ReturnType<
        typeof placeOf
      >;
      const { buffer } = model.slice(offset, offset + length);
      const data =
        dtype === "float16"
          ? Float32Array.from(new Uint16Array(buffer), fromFloat16)
          : new Float32Array(buffer);
      const [rows, columns] = transposed
        ? [shape[1], shape[0]]
        : [shape[0], data.length / shape[0]];
      let [sum, wave] = [0, 0];
      for (let i = 0; i < data.length; i++) {
        const value = data[transposed ? (i % columns) * rows + Math.floor(i / columns) : i];
        sum += value;
        wave += value * Math.sin(0.1 * i);
      }
      return [`${part}_${module}`, [sum, wave]];
    }),
  );
}
const placeOf = ({ weights }: ModelLayout, name: string) => {
  const place = weights.get(name);
  if (!place) throw new Error(`no weight ${name}`);
  return place;
};

function expectSums(found: Sums, wanted: Sums, tolerance: number) {
  expect(Object.keys(wanted).length).toBeGreaterThan(30);
  for (const [module, sums] of Object.entries(wanted)) {
    const [sum, wave] = found[module.replaceAll(".", "_")] ?? [];
    expect(Math.abs(sum - sums[0]), module).toBeLessThan(tolerance);
    expect(Math.abs(wave - sums[1]), module).toBeLessThan(tolerance);
  }
}

const waves = (n: number, f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i));
const inputs = {
  unet: {
    sample: tensor(waves(256, Math.sin), [1, 4, 8, 8]),
    timestep: tensor([5], []),
    encoder_hidden_states: tensor(waves(72, Math.cos), [1, 6, 12]),
  },
  text_encoder: { input_ids: tensor([38, 3, 17, 5, 39, 39, 39, 39], [1, 8], "int64") },
};

/** The largest difference between an output of a model and PyTorch's. */
function distance(model: Uint8Array, part: "unet" | "text_encoder", wanted: readonly number[]) {
  const { apply, signature } = fromOnnx(model);
  const name = part === "unet" ? "out_sample" : "last_hidden_state";
  const graph = trace((x: Parameters<typeof apply>[0]) => ({ [name]: apply(x)[name] }), signature);
  const { data } = evaluate(graph, inputs[part])[name];
  expect(data).toHaveLength(wanted.length);
  return Math.max(...wanted.map((value, i) => Math.abs(Number(data[i]) - value)));
}

describe.each(["unet-script.onnx", "unet-dynamo.onnx"])("%s", (file) => {
  test.each(merges.map((merge) => [merge.uses.join(" and "), merge] as const))(
    "with %s is what diffusers merges",
    (_, { uses, changed, unet, text_encoder }) => {
      const found = merged(unzipped(file), uses);
      expect(found.notes).toEqual([]);
      const sums = { ...sumsOf(found.unet, "unet"), ...sumsOf(found.text_encoder, "text_encoder") };
      expectSums(sums, changed, 2e-5);
      expect(distance(found.unet, "unet", unet)).toBeLessThan(2e-5);
      expect(distance(found.text_encoder, "text_encoder", text_encoder)).toBeLessThan(2e-5);
    },
  );
});

describe("a weight", () => {
  test("in float16 is summed in float32 and rounded once", () => {
    expectSums(
      sumsOf(merged(unzipped("unet-half.onnx"), half.uses).unet, "unet"),
      half.changed,
      1e-6,
    );
  });

  test("of the original code's block names is found", () => {
    const found = sumsOf(merged(script, [["sgm.safetensors", 0.8]]).unet, "unet");
    const wanted = Object.entries(kohya.changed).filter(([module]) => module.startsWith("unet."));
    // The file is in float16.
    expectSums(found, Object.fromEntries(wanted), 2e-2);
    expect(diffusersName("input_blocks_4_1_proj_in", 2)).toBe("down_blocks_1_attentions_0_proj_in");
    expect(diffusersName("output_blocks_2_2_conv", 2)).toBe("up_blocks_0_upsamplers_0_conv");
    expect(diffusersName("input_blocks_3_0_op", 2)).toBe("down_blocks_0_downsamplers_0_conv");
    expect(diffusersName("up_blocks_1_upsamplers_0_op", 1)).toBe("up_blocks_1_upsamplers_0_conv");
    expect(diffusersName("mid_block_attentions_0_proj_in", 2)).toBe(
      "mid_block_attentions_0_proj_in",
    );
  });

  test("whose node has no name is found by its bias or its order", () => {
    const layout = readModelLayout(script);
    const nodes = layout.nodes.map((node) => ({ ...node, module: undefined }));
    const named = loraTargets(layout).byModule;
    const found = loraTargets({ ...layout, nodes }).byModule;
    const modules = Object.keys(kohya.changed)
      .filter((module) => module.startsWith("unet."))
      .map((module) => module.slice(5).replaceAll(".", "_"));
    for (const module of modules) expect(found.get(module), module).toEqual(named.get(module));
    expect(modules.length).toBe(77);
  });

  test("in a Buffer is copied before it is changed", () => {
    const pool = Buffer.concat([Buffer.alloc(5), script]).subarray(5);
    const [a] = mergeLora({ unet: { model: pool } }, usesOf(kohya.uses)).patches("unet");
    const [b] = mergeLora({ unet: { model: script } }, usesOf(kohya.uses)).patches("unet");
    expect(a).toEqual(b);
    expect(Buffer.compare(pool, script)).toBe(0);
  });

  test("outside of the model is read and patched in its own file", () => {
    const externalData = (location: string, offset: number, length: number) => {
      expect([location, offset, length]).toEqual(["w.bin", 8, 24]);
      return new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
    };
    const merge = (unet: object) =>
      mergeLora({ unet: { model: outside, ...unet } }, [{ lora: loraOfQueries }]);
    const [patch, ...more] = merge({ externalData }).patches("unet");
    expect(more).toEqual([]);
    expect([patch.location, patch.offset]).toEqual(["w.bin", 8]);
    // The file has [in, out]: row i gets down[i] * up.
    expect([...new Float32Array(patch.bytes.buffer)]).toEqual([11, 22, 33, 24, 45, 66]);
    expect(() => [...merge({}).patches("unet")]).toThrow(
      "w.bin are kept outside; pass externalData",
    );
  });

  test.each(merges.map((merge) => [merge.uses.join(" and "), merge] as const))(
    "of fused projections gets the rows of each with %s",
    (_, { uses, unet }) => {
      const found = merged(unzipped("unet-fused.onnx"), uses);
      expect(found.notes).toEqual([]);
      expect(distance(found.unet, "unet", unet)).toBeLessThan(2e-5);
    },
  );

  test("of a block is never that of another kind of block", () => {
    // "single_" is no wrapper's name, since other modules lack it.
    const { nodes, weights } = readModelLayout(outside);
    const of = (module: string) => ({ ...nodes[0], module });
    const layout = { weights, nodes: [of("proj_out"), of("single_transformer_blocks.0.proj_out")] };
    expect([...loraTargets(layout).byModule.keys()]).toEqual([
      "proj_out",
      "single_transformer_blocks_0_proj_out",
    ]);
  });

  test("of fused projections is a part of the outputs", () => {
    const { weights, nodes } = readModelLayout(outside);
    const [node] = nodes;
    const layout = { weights, nodes: [{ ...node, module: "attn1.to_qkv" }] };
    const { byModule } = loraTargets(layout);
    const target = { weight: "onnx::MatMul_1", transposed: true };
    expect(byModule.get("attn1_to_v")).toEqual({ ...target, part: [2, 3] });
    const added = loraTargets({ weights, nodes: [{ ...node, module: "attn.to_added_qkv" }] });
    expect(added.byModule.get("attn_add_k_proj")).toEqual({ ...target, part: [1, 3] });
    for (const transposed of [false, true]) {
      // Three parts of one output each, of two inputs.
      const out = new Float64Array(6);
      const floats = (...data: number[]) => ({ shape: [1, data.length], data });
      const module = { down: floats(10, 20), up: floats(3), scale: 1, keys: [], module: "" };
      addDelta(out, transposed, { ...module, part: undefined }, 2, 1);
      expect([...out]).toEqual(transposed ? [0, 60, 0, 0, 120, 0] : [0, 0, 60, 120, 0, 0]);
    }
  });

  test("that several modules share is refused by name", () => {
    const to = /onnx::MatMul_(\d+)/;
    const layout = readModelLayout(script);
    const shared = layout.nodes.filter(({ inputs }) => to.test(inputs[1])).slice(0, 2);
    const [first, second] = shared.map(({ inputs }) => inputs[1]);
    const file = Buffer.from(script).toString("latin1").replaceAll(second, first);
    // The initializer keeps its second name: only the node's operand changes.
    const renamed = new Uint8Array(Buffer.from(file, "latin1"));
    expect(() => mergeLora({ unet: { model: renamed } }, usesOf(kohya.uses))).toThrow(
      /shared by 2 modules, such as down_blocks_0_.*_to_q and down_blocks_0_.*_to_k; export/,
    );
  });
});

describe("a LoRA of a transformer's original code", () => {
  // Of a model with a last norm of two parts, whose width is 2.
  const queries = ["q", "k", "v"].map((w) => [`transformer_blocks_0_attn_to_${w}`, [2, 2]]);
  const shapes = { norm_out_linear: [4, 2], proj_out: [3, 2], ...Object.fromEntries(queries) };
  const named = Object.entries(shapes).map(([path, shape]) => [path, `${path}.weight`, shape]);
  const model = {
    layers: 0,
    byModule: new Map(named.map(([path, weight]) => [path, { weight, transposed: false }])),
    layout: { weights: new Map(named.map(([, weight, shape]) => [weight, { shape }])), nodes: [] },
  } as never as FittedModel;
  const rows = (n: number) => ({
    shape: [n, 1],
    data: Float32Array.from({ length: n }, (_, i) => i),
  });
  const fit = (module: string, n: number) =>
    fitModule("a", { module, up: rows(n), down: rows(1) } as never as LoraModule, model);
  const upOf = ({ module }: { module: LoraModule }) => [...Array.from(module.up.data)];

  test("has the shift of its last norm before the scale, and diffusers after it", () => {
    expect(fit("final_layer_adaLN_modulation_1", 4).map(upOf)).toEqual([[2, 3, 0, 1]]);
    expect(fit("final_layer_linear", 3).map(upOf)).toEqual([[0, 1, 2]]);
    // The check of shapes refuses this one later.
    expect(fit("final_layer_adaLN_modulation_1", 6).map(upOf)).toEqual([[0, 1, 2, 3, 4, 5]]);
  });

  test("has the outputs of several modules, one after the other", () => {
    const found = fit("double_blocks_0_img_attn_qkv", 6);
    expect(found.map(({ target }) => target.weight)).toEqual(queries.map(([q]) => `${q}.weight`));
    expect(found.map(upOf)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(() => fit("double_blocks_0_img_attn_qkv", 9)).toThrow(
      /a has 9 outputs for double_blocks_0_img_attn_qkv, and the model has 6 in .*: it belongs to another base model/,
    );
  });

  test("fits nothing where the model lacks one of its modules", () => {
    expect(fit("double_blocks_0_txt_attn_qkv", 6)).toEqual([]);
    expect(fit("double_blocks_0_constructor", 6)).toEqual([]);
    expect(fit("toString", 6)).toEqual([]);
  });
});

describe("a LoRA", () => {
  const tensors = readSafetensors(bytesOf("kohya.safetensors")).tensors;
  const file = (entries: object, metadata = {}) => writeSafetensors(entries as never, metadata);
  const merge = (entries: object, metadata = {}) =>
    mergeLora({ unet: { model: script } }, [{ lora: file(entries, metadata), name: "a" }]);
  const floats = (...shape: number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1),
  });
  const to = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q";

  // The names of _convert_non_diffusers_lora_to_diffusers and state_dict_utils of diffusers 0.39.
  test.each([
    [
      "lora_te1_text_model_x_q_proj.lora_down.weight",
      "text_encoder",
      "text_model_x_q_proj",
      "down",
    ],
    ["lora_te2_text_model_x.alpha", "text_encoder_2", "text_model_x", "alpha"],
    ["base_model.model.unet.a.b.lora_A.default_0.weight", "unet", "a_b", "down"],
    ["base_model.model.text_model.a.lora_B.weight", "text_encoder", "text_model_a", "up"],
    [
      "text_encoder_2.text_model.self_attn.to_out_lora.up.weight",
      "text_encoder_2",
      "text_model_self_attn_out_proj",
      "up",
    ],
    [
      "text_encoder.text_model.self_attn.to_q_lora.down.weight",
      "text_encoder",
      "text_model_self_attn_q_proj",
      "down",
    ],
    ["unet.a.processor.to_out_lora.up.weight", "unet", "a_to_out_0", "up"],
    ["lora_transformer_a_b.lora_down.weight", "transformer", "a_b", "down"],
    [
      "text_encoders.clip_l.transformer.text_model.a.alpha",
      "text_encoder",
      "text_model_a",
      "alpha",
    ],
    ["final_layer.linear.lora_B.weight", undefined, "final_layer_linear", "up"],
  ])("has the key %s", (key, part, module, role) => {
    expect(parseKey(key)).toEqual({ part, module, role });
  });

  test("that fits in part gives notes with counts", () => {
    const { notes } = merge({
      ...tensors,
      "lora_unet_other.alpha": floats(1),
      strange: floats(1),
      "lora_unet_other.lora_up.weight": floats(1, 1),
      "lora_unet_other.lora_down.weight": floats(1, 1),
    });
    expect(notes).toEqual([
      "a: 36 of 271 keys are for text_encoder, which is not given",
      expect.stringMatching(/^a: 4 of 271 keys fit no weight, such as "/),
    ]);
  });

  test("whose metadata has alphas is scaled by them", () => {
    const path = "unet.mid_block.attentions.0.proj_in";
    const pair = {
      [`${path}.lora_A.weight`]: floats(2, 16, 1, 1),
      [`${path}.lora_B.weight`]: floats(16, 2, 1, 1),
    };
    const change = (metadata: object) => {
      const text = { lora_adapter_metadata: JSON.stringify(metadata) };
      const [{ offset, bytes }] = merge(pair, text).patches("unet");
      const [before, after] = [script.slice(offset, offset + 4), bytes.slice(0, 4)];
      return new Float32Array(after.buffer)[0] - new Float32Array(before.buffer)[0];
    };
    // up @ down is 2, times alpha / 2.
    expect(change({})).toBeCloseTo(2, 5);
    expect(change({ "unet.lora_alpha": 3 })).toBeCloseTo(3, 5);
    expect(change({ "unet.lora_alpha": 3, "unet.use_rslora": true })).toBeCloseTo(
      3 * Math.SQRT2,
      5,
    );
    expect(change({ "unet.lora_alpha": 3, "unet.alpha_pattern": { proj_in: 1 } })).toBeCloseTo(
      1,
      5,
    );
  });

  test("of three factors is merged by their product", () => {
    const path = "lora_unet_mid_block_resnets_0_conv1";
    const [{ offset, bytes }] = merge({
      [`${path}.lora_down.weight`]: floats(2, 16, 1, 1),
      [`${path}.lora_mid.weight`]: floats(2, 2, 3, 3),
      [`${path}.lora_up.weight`]: floats(16, 2, 1, 1),
    }).patches("unet");
    const before = new Float32Array(script.slice(offset, offset + bytes.length).buffer);
    const after = new Float32Array(bytes.buffer);
    expect(after).toHaveLength(16 * 16 * 9);
    after.forEach((value, i) => {
      expect(value - before[i]).toBeCloseTo(4, 5);
    });
  });

  test.each([
    [
      "of no known layout",
      { "model.weight": floats(2, 2) },
      /^a is no LoRA of a known layout: tried kohya's .*; its keys are like "model.weight"$/,
    ],
    [
      "that fits nothing",
      { "lora_unet_x.lora_up.weight": floats(2, 2), "lora_unet_x.lora_down.weight": floats(2, 2) },
      /^a fits no weight of unet: tried .* its keys are like "lora_unet_x/,
    ],
    [
      "of DoRA",
      { ...tensors, [`${to}.dora_scale`]: floats(16, 1) },
      /dora_scale" is of DoRA, which cannot be merged/,
    ],
    ["of LoHa", { [`${to}.hada_w1_a`]: floats(2, 2) }, /is of LoHa/],
    [
      "of half a pair",
      { [`${to}.lora_up.weight`]: floats(16, 2) },
      /to_q.lora_up.weight lacks its down matrix/,
    ],
    [
      "of another base model",
      { [`${to}.lora_up.weight`]: floats(16, 2), [`${to}.lora_down.weight`]: floats(2, 24) },
      /has \[16, 24\] for mid_block_.* and the unet has \[16, 16\]: it belongs to another base model/,
    ],
    [
      "of integers",
      { [`${to}.lora_up.weight`]: { shape: [1], data: new Int32Array(1) } },
      /must hold floats, got int32/,
    ],
    [
      "of two ranks",
      { [`${to}.lora_up.weight`]: floats(16, 2), [`${to}.lora_down.weight`]: floats(3, 16) },
      /its other half/,
    ],
  ])("%s is refused", (_, entries, message) => {
    expect(() => merge(entries)).toThrow(message);
  });

  test("has at most MAX_LORA_TENSORS tensors", () => {
    const pair = {
      [`${to}.lora_up.weight`]: floats(16, 1),
      [`${to}.lora_down.weight`]: floats(1, 16),
    };
    const of = (n: number) => {
      const more = Array.from({ length: n - 2 }, (_, i) => [`x${i}`, floats(0)]);
      return merge({ ...pair, ...Object.fromEntries(more) });
    };
    expect(of(MAX_LORA_TENSORS).notes).toHaveLength(1);
    expect(() => of(MAX_LORA_TENSORS + 1)).toThrow("at most 16384 tensors, got 16385");
  });

  test("has a rank of at most MAX_LORA_RANK", () => {
    const rank = (n: number) =>
      merge({ [`${to}.lora_up.weight`]: floats(16, n), [`${to}.lora_down.weight`]: floats(n, 16) });
    rank(MAX_LORA_RANK);
    expect(() => rank(MAX_LORA_RANK + 1)).toThrow("must have a rank of 1 to 4096, got 4097");
  });
});

describe("changes of low rank", () => {
  const model = unet({ size: 4, channels: 8, multipliers: [1], seed: 2 });
  const inputs = {
    x: tensor(
      Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)),
      [2, 1, 4, 4],
    ),
    t: tensor([3, 700], [2], "int64"),
  };
  const output = ({ apply }: Pick<typeof model, "apply">) =>
    Array.from(
      evaluate(graphOf({ y: apply(constant(inputs.x), constant(inputs.t)) }), {}).y.data,
      Number,
    );

  test("are nothing at first, and merged they are the model with them", () => {
    const lora = loraAdapters(model, { rank: 2, alpha: 6 });
    const names = lora.model.parameters.map(({ name }) => name);
    // Convolutions too.
    expect(lora.model.parameters.some(({ shape }) => shape.length === 4)).toBe(true);
    expect(output(lora.model)).toEqual(output(model));
    const learned = Object.fromEntries(
      lora.model.parameters.map(({ name, shape, value }) => [
        name,
        {
          dtype: "float32",
          shape: shape as number[],
          data: Float32Array.from(value.data as Float32Array, (v, i) => v + 0.1 * Math.cos(i)),
        },
      ]),
    );
    const beside = output(withWeights(lora.model, learned));
    const merged = output(withWeights(model, lora.merged(learned)));
    for (const [i, v] of merged.entries()) expect(v).toBeCloseTo(beside[i], 5);
    expect(Math.abs(merged[0] - output(model)[0])).toBeGreaterThan(1e-3);
    const tensors = lora.tensors(learned);
    expect(Object.keys(tensors)).toHaveLength(3 * (names.length / 2));
    // The file of the changes, merged into the file of the model.
    const graph = (of: typeof model) =>
      toOnnx(
        trace(({ sample, timestep }) => ({ y: of.apply(sample, timestep) }), {
          sample: { shape: [2, 1, 4, 4] },
          timestep: { shape: [2], dtype: "int64" },
        }),
      );
    const file = graph(model);
    const uses = [{ lora: writeSafetensors(tensors) }];
    const { notes, patches } = mergeLora({ unet: { model: file } }, uses);
    expect(notes).toEqual([]);
    for (const patch of patches("unet")) file.set(patch.bytes, patch.offset);
    const read = fromOnnx(file);
    const given = { sample: constant(inputs.x), timestep: constant(inputs.t) };
    const found = evaluate(graphOf({ y: read.apply(given).y }), {}).y.data;
    for (const [i, v] of merged.entries()) expect(Number(found[i])).toBeCloseTo(v, 5);
    expect(() => loraAdapters(model, { rank: 1, targets: () => false })).toThrow("targets");
  });
});
