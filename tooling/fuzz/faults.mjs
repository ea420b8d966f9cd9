// @ts-check
// Files that were once read wrongly: too slowly, with too much memory, or with an error of the
// engine. Small ones lie in `corpus`, one folder a reader; `node tooling/fuzz/faults.mjs` writes
// those that are made here. A new fault of the fuzzer goes into `corpus` as it is.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateSync, gzipSync } from "node:zlib";
import { encode } from "../../packages/graph/dist/onnx/message-codec.js";
import { graph, model } from "../../packages/graph/dist/onnx/messages.js";
import {
  idxFile,
  npyDictionary,
  npyFile,
  pngChunk,
  pngFile,
  pngHeader,
  pngPixels,
  postcardCode,
  safetensorsFile,
  zipFile,
} from "../fixtures/crafted-files.mjs";

const none = new Uint8Array(0);
const text = (/** @type {string} */ content) => new Uint8Array(Buffer.from(content, "latin1"));
const scheduler = (/** @type {object} */ fields) =>
  text(JSON.stringify({ _class_name: "DDIMScheduler", ...fields }));
const array = npyFile(npyDictionary([1024]), new Uint8Array(4096));
const shared = (/** @type {number} */ count) =>
  zipFile(
    Array.from({ length: count }, (_, i) => ({
      name: `${i}.npy`,
      content: array,
      ...(i > 0 && { sharedWith: 0 }),
    })),
  );
const tensors = (/** @type {number} */ count) => {
  const entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
  return safetensorsFile(`{${Array.from({ length: count }, (_, i) => `"${i}":${entry}`)}}`, none);
};

const oneByteTensors = (/** @type {number} */ count) => {
  const entry = (/** @type {number} */ i) =>
    `"${i}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`;
  return safetensorsFile(
    `{${Array.from({ length: count }, (_, i) => entry(i))}}`,
    Buffer.alloc(count),
  );
};

/** @typedef {(number | string)[]} Shape */
/** @typedef {{ domain?: string, attribute?: object[] }} More */
const int = (/** @type {string} */ name, /** @type {number} */ value) => ({
  name,
  type: 2,
  i: BigInt(value),
});
/** @type {(opType: string, input: string[], output: string[], more?: More) => object} */
const node = (opType, input, output, more = {}) => ({ opType, input, output, ...more });
/** @type {(name: string, ...values: number[]) => object} */
const int64s = (name, ...values) => ({
  name,
  dataType: 7,
  dims: [BigInt(values.length)],
  int64Data: values.map(BigInt),
});
const floats0 = { name: "none", dataType: 1, dims: [0n, 4n] };
/** @type {(name: string, shape: Shape) => object} */
const value = (name, shape) => {
  const dim = shape.map((d) => (typeof d === "string" ? { dimParam: d } : { dimValue: BigInt(d) }));
  return { name, type: { tensorType: { elemType: 1, shape: { dim } } } };
};
/** @type {(nodes: object[], inputs: Record<string, Shape>, initializer?: object[], functions?: object[]) => Uint8Array} */
const onnxFile = (nodes, inputs, initializer = [], functions = []) =>
  encode(model, {
    functions,
    irVersion: 8n,
    graph: {
      node: nodes,
      name: "g",
      initializer,
      input: Object.entries(inputs).map(([name, shape]) => value(name, shape)),
      output: [value("y", [1])],
    },
    opsetImport: ["", "com.microsoft", "com.microsoft.nchwc"].map((domain) => ({
      domain,
      version: domain === "" ? 17n : 1n,
    })),
  });
/** @type {(count: number) => Uint8Array} */
const chain = (count) =>
  onnxFile(
    Array.from({ length: count }, (_, i) =>
      node("Neg", [i === 0 ? "x" : `v${i}`], [i === count - 1 ? "y" : `v${i + 1}`]),
    ),
    { x: [4] },
  );
/** @type {(times: number) => Uint8Array} */
const doubled = (times) =>
  onnxFile(
    [
      node("Shape", ["x"], ["s"]),
      node("Gather", ["s", "zero"], ["v0"]),
      ...Array.from({ length: times }, (_, i) => node("Mul", [`v${i}`, `v${i}`], [`v${i + 1}`])),
      node("ConstantOfShape", [`v${times}`], ["y"]),
    ],
    { x: ["a", 4] },
    [int64s("zero", 0)],
  );
const nchwc = { domain: "com.microsoft.nchwc" };
const own = { domain: "own" };
/** A node whose branch is taken where x is true. @type {(nodes: object[], initializer?: object[]) => object} */
const branch = (nodes, initializer = []) =>
  node("If", ["x"], ["y"], {
    attribute: ["then_branch", "else_branch"].map((name) => ({
      ...{ name, type: 5 },
      g: encode(graph, { node: nodes, name, initializer, output: [value("out", [1])] }),
    })),
  });

/** @type {Readonly<Record<string, Readonly<Record<string, () => Uint8Array>>>>} */
const made = {
  png: {
    "second-header": () =>
      pngFile(pngHeader(2, 2), pngHeader(4e9, 1, 1), pngPixels(new Uint8Array(6))),
    "bomb-behind-a-small-header": () => pngFile(pngHeader(4, 4), pngPixels(new Uint8Array(2e7))),
    "one-bit-9400x9400": () =>
      pngFile(pngHeader(9400, 9400, 1), pngPixels(new Uint8Array(9400 * 1176))),
    "a-million-empty-chunks": () =>
      pngFile(pngHeader(2, 2), Buffer.alloc(12e6, pngChunk("IDAT")), pngPixels(new Uint8Array(6))),
    "empty-blocks": () =>
      pngFile(
        pngHeader(2, 2),
        pngChunk("IDAT", Buffer.alloc(4e6, Uint8Array.of(0, 0, 0, 255, 255))),
      ),
    "index-beyond-the-palette": () =>
      pngFile(
        pngHeader(1, 1, 8, 3),
        pngChunk("PLTE", new Uint8Array(3)),
        pngPixels(Uint8Array.of(0, 9)),
      ),
    "more-pixels-than-the-file-can-hold": () =>
      pngFile(pngHeader(9000, 9000, 8, 2), pngPixels(none)),
  },
  npz: {
    "101-entries-share-their-bytes": () => shared(101),
    "2001-entries-share-their-bytes": () => shared(2001),
    "entry-longer-than-it-says": () =>
      zipFile([{ name: "a.npy", content: new Uint8Array(2e7), isDeflated: true, size: 10 }]),
    "entry-of-4-gib": () =>
      zipFile([{ name: "a.npy", content: array, isDeflated: true, size: 2 ** 32 - 2 }]),
    "name-of-the-prototype": () => zipFile([{ name: "__proto__.npy", content: array }]),
  },
  npy: {
    "shape-beyond-any-memory": () => npyFile(npyDictionary([2 ** 53, 2 ** 53]), none),
    "many-dimensions": () => npyFile(npyDictionary(new Array(20_000).fill(1)), new Uint8Array(4)),
    "header-of-4-gib": () => Uint8Array.of(...npyFile("", none).subarray(0, 8), 255, 255, 255, 255),
  },
  idx: {
    "bomb-behind-a-small-header": () => gzipSync(idxFile([4], new Uint8Array(2e7))),
    "sizes-beyond-any-memory": () => gzipSync(idxFile([2 ** 32 - 1, 2 ** 32 - 1], none)),
    "endless-name-in-gzip": () => text(`\x1f\x8b\x08\x08\0\0\0\0\0\xff${"a".repeat(4e6)}`),
    "100000-gzip-members": () => {
      const member = gzipSync(none);
      return Buffer.concat([gzipSync(idxFile([4], none)), ...new Array(1e5).fill(member)]);
    },
  },
  csv: {
    "one-line": () => text("1,".repeat(1e7)),
    "many-short-lines": () => text("1\n".repeat(4e6)),
    quotes: () => text(`${'"'.repeat(1e6)}\n`),
    "a-million-empty-columns": () => {
      const separators = ",".repeat(2 ** 20 - 1);
      return text(`${separators}\n${separators.replaceAll(",", "1,")}1\n`);
    },
  },
  safetensors: {
    "500000-tensors": () => tensors(500_000),
    "100000-tensors": () => tensors(100_000),
    "100000-tensors-of-one-byte": () => oneByteTensors(100_000),
    "header-of-9-exabytes": () => safetensorsFile({}, none, 2n ** 63n),
    "deep-header": () => safetensorsFile("[".repeat(1e6), none),
    "a-fraction-of-a-byte": () =>
      safetensorsFile(
        { a: { dtype: "F32", shape: [0.5], data_offsets: [0, 2] } },
        new Uint8Array(2),
      ),
  },
  "scheduler-config": {
    ...Object.fromEntries(
      [1e7, 1e8, 1e9, 1e15].map((steps) => [
        `${steps.toExponential()}-steps`,
        () => scheduler({ num_train_timesteps: steps }),
      ]),
    ),
    "unclosed-escapes": () => text(`{"a":"${'\\"'.repeat(60_000)}`),
    "one-long-string": () => text(`{"a":"${"x".repeat(12e6)}"}`),
    "deep-lists": () => text("[".repeat(1e6)),
    "no-json": () => text("root:x:0:0:root:/root:/bin/bash\n"),
  },
  "model-index": {
    "deep-lists": () => text("[".repeat(1e6)),
    "endless-shape": () => text(JSON.stringify({ _gen: { shape: new Array(1e5).fill(1) } })),
    list: () => text("[]"),
  },
  "part-config": {
    "endless-levels": () =>
      text(JSON.stringify({ block_out_channels: new Array(1e5).fill(1), scaling_factor: 1 })),
    "no-channels": () => text(JSON.stringify({ in_channels: -9, out_channels: -12 })),
    "no-patch": () => text(JSON.stringify({ patch_size: 0, sample_size: [1e9, 1e9] })),
  },
  "training-json": {
    "deep-lists": () => text("[".repeat(1e6)),
    null: () => text("null"),
    "wide-object": () => text(`{${Array.from({ length: 1e5 }, (_, i) => `"${i}":0`)}}`),
  },
  tokenizer: {
    "deep-lists": () => text("[".repeat(1e6)),
    "pattern-that-backtracks": () =>
      text(
        JSON.stringify({
          pre_tokenizer: { type: "Split", pattern: { Regex: "(a+)+$" }, invert: true },
          model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] },
        }),
      ),
    "pieces-longer-than-any-text": () =>
      text(
        JSON.stringify({ model: { type: "Unigram", unk_id: 0, vocab: [["a".repeat(1e6), 0]] } }),
      ),
    "ids-beyond-any-memory": () =>
      text(JSON.stringify({ model: { type: "BPE", vocab: { a: 2 ** 32 - 2 }, merges: [] } })),
  },
  merges: {
    "line-without-end": () => text(`#version: 0.2\n${"a".repeat(1e6)}`),
    "a-million-lines": () => text("a b\n".repeat(1e6)),
  },
  "png-settings": {
    "bomb-behind-a-text": () =>
      pngFile(
        pngHeader(1, 1),
        pngChunk("zTXt", Buffer.concat([text("parameters\0\0"), deflateSync(Buffer.alloc(3e7))])),
      ),
    "a-million-colons": () =>
      pngFile(pngHeader(1, 1), pngChunk("tEXt", text(`parameters\0${":".repeat(1e6)}`))),
  },
  "postcard-link": {
    "more-cells-than-bits": () => postcardCode(Uint8Array.of(0, 0, 0, 7, 3, 32)),
    "no-cells": () => postcardCode(new Uint8Array(6)),
    "a-gap-beyond-the-grid": () =>
      postcardCode(Uint8Array.of(0, 0, 0, 7, 0, 1, ...new Array(960).fill(255))),
    "a-million-letters": () => text(`1${"A".repeat(1e6)}`),
  },
  "postcard-points": {
    "one-line": () => text("1,".repeat(2 ** 21)),
    "4-million-empty-lines": () => text("\n".repeat(2 ** 22)),
    "a-million-points": () => text("1,2\n".repeat(2 ** 20)),
    "larger-than-allowed": () => text("1 2\n".repeat(2 ** 20 + 1)),
    "one-long-number": () => text(`${"1".repeat(2 ** 21)},1\n`),
  },
  "web-ui-settings": {
    "names-of-the-prototype": () =>
      text('{"sampler":"__proto__","scheduleType":"constructor","strength":{}}'),
    "a-name-of-a-million-letters": () =>
      text(`a\nSteps: 1, Sampler: ${"x".repeat(1e6)}, Schedule type: ${"y ".repeat(1e5)}, Seed: 1`),
    "a-million-karras": () => text(JSON.stringify({ sampler: " Karras".repeat(1e6) })),
  },
  embedding: {
    "vectors-of-nothing": () =>
      safetensorsFile({ x: { dtype: "F32", shape: [1e9, 0], data_offsets: [0, 0] } }, none),
    "50000-words": () => tensors(5e4),
  },
  lora: {
    "rank-beyond-any-memory": () =>
      safetensorsFile(
        {
          "lora_unet_attn1_to_q.lora_up.weight": {
            dtype: "F32",
            shape: [3, 0],
            data_offsets: [0, 0],
          },
          "lora_unet_attn1_to_q.lora_down.weight": {
            dtype: "F32",
            shape: [0, 1e9],
            data_offsets: [0, 0],
          },
        },
        new Uint8Array(0),
      ),
    "50000-modules": () =>
      safetensorsFile(
        Object.fromEntries(
          Array.from({ length: 5e4 }, (_, i) => [
            `lora_unet_m${i}.alpha`,
            { dtype: "F32", shape: [0], data_offsets: [0, 0] },
          ]),
        ),
        new Uint8Array(0),
      ),
  },
  onnx: {
    "blocked-layout-reorder": () =>
      onnxFile(
        [node("ReorderOutput", ["x"], ["y"], { ...nchwc, attribute: [int("channels", 1)] })],
        { x: [1, 1, 16, 16] },
      ),
    "blocked-layout-convolution": () =>
      onnxFile([node("Conv", ["x", "w"], ["y"], nchwc)], {
        x: [1, 16, 512, 512],
        w: [1, 16, 1, 1],
      }),
    "topk-of-nothing": () =>
      onnxFile([node("TopK", ["x", "k"], ["y", "i"])], { x: [0, 4] }, [int64s("k", 1)]),
    "slice-to-nothing-then-topk": () =>
      onnxFile(
        [
          node("Slice", ["x", "end", "end", "k"], ["s"]),
          node("TopK", ["s", "k"], ["y", "i"], { attribute: [int("axis", 1)] }),
        ],
        { x: [2, 4] },
        [int64s("end", 4), int64s("k", 1)],
      ),
    ...Object.fromEntries(
      [14, 18, 30].map((times) => [`dimension-doubled-${times}-times`, () => doubled(times)]),
    ),
    "100000-initializers": () =>
      onnxFile(
        [node("Neg", ["x"], ["y"])],
        { x: [4] },
        Array.from({ length: 1e5 }, (_, i) => int64s(`w${i}`, i)),
      ),
    "chain-of-200000-nodes": () => chain(200_000),
    "chain-of-60000-nodes": () => chain(60_000),
    "a-sum-of-a-million": () => onnxFile([node("Sum", Array(1e6).fill("x"), ["y"])], { x: [4] }),
    "a-list-of-4-million-numbers": () =>
      onnxFile([node("Neg", ["x"], ["y"])], { x: [4] }, [
        { name: "w", dataType: 7, dims: [4_000_000n], int64Data: Array(4e6).fill(1n) },
      ]),
  },
  "onnx-headers": {
    "topk-of-nothing-in-a-branch": () =>
      onnxFile([branch([node("TopK", ["none", "k"], ["out", "i"])], [floats0, int64s("k", 1)])], {
        x: [],
      }),
    "blocked-layout-in-a-branch": () =>
      onnxFile([branch([node("ReorderOutput", ["x"], ["out"], nchwc)])], { x: [] }),
    "function-that-calls-itself": () =>
      onnxFile(
        [node("F", ["x"], ["y"], own)],
        { x: [1] },
        [],
        [{ ...own, name: "F", input: ["a"], output: ["b"], node: [node("F", ["a"], ["b"], own)] }],
      ),
    "functions-tripled-14-times": () =>
      onnxFile(
        [node("F13", ["x"], ["y"], own)],
        { x: [1] },
        [],
        Array.from({ length: 14 }, (_, i) => ({
          ...{ ...own, name: `F${i}`, input: ["a"], output: ["b"] },
          node: ["c", "d", "b"].map((name) =>
            i === 0 ? node("Neg", ["a"], [name]) : node(`F${i - 1}`, ["a"], [name], own),
          ),
        })),
      ),
  },
};

/** Readers of the same files. @type {Readonly<Record<string, string>>} */
const sameFiles = { "onnx-headers": "onnx" };

const corpus = new URL("corpus/", import.meta.url);
const LARGEST_FILE = 2 ** 16;

/**
 * The past faults of a reader: the files of its corpus, and those that are too large for it.
 * @param {string} reader
 * @returns {{ name: string, bytes: Uint8Array }[]}
 */
export function faultsOf(reader) {
  const folder = new URL(`${reader}/`, corpus);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const also = sameFiles[reader];
  return [
    ...(also ? faultsOf(also) : []),
    ...names.map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, folder))) })),
    ...Object.entries(made[reader] ?? {})
      .filter(([name]) => !names.includes(name))
      .map(([name, make]) => ({ name, bytes: make() })),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [reader, files] of Object.entries(made)) {
    const folder = new URL(`${reader}/`, corpus);
    mkdirSync(folder, { recursive: true });
    for (const [name, make] of Object.entries(files)) {
      const bytes = make();
      if (bytes.length <= LARGEST_FILE) writeFileSync(new URL(name, folder), bytes);
    }
  }
}
