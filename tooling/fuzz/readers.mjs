// @ts-check
// The readers under test. Each has first files, a maker of random files whose frame is right, words
// of its format, and `read`, which takes the bytes as a user of the library does.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync, gzipSync } from "node:zlib";
import {
  openDataset,
  readIdx,
  readNpy,
  readNpz,
  readPicture,
  readPng,
  readPngSettings,
  readSafetensors,
  writeNpz,
  writePng,
  writeSafetensors,
} from "@gen/data";
import { input, trace } from "@gen/graph";
import { fileOf, fromOnnx, readModelLayout, wholeModel } from "@gen/graph/onnx";
import { mlp } from "@gen/nn";
import {
  describeFolder,
  loadPipeline,
  loadTokenizer,
  mergeLora,
  pipelineFiles,
  readEmbedding,
} from "@gen/pipeline";
import { denoiser, schedulerSteps } from "@gen/sampling";
import { cosineSchedule, readSchedulerConfig } from "@gen/schedules";
import { parseRecord } from "../../packages/cli/dist/training-record.js";
import { readJson } from "../../packages/pipeline/dist/folder-files.js";
import { clipImage, readPreprocessing } from "../../packages/pipeline/dist/prompt/clip-image.js";
import {
  idxFile,
  npyDictionary,
  npyFile,
  pngChunk,
  pngFile,
  pngHeader,
  safetensorsFile,
  zipFile,
} from "../fixtures/crafted-files.mjs";
import { appReaders } from "./app-readers.mjs";
import { mutate } from "./mutate.mjs";

/** @typedef {import("./mutate.mjs").RandomSource} RandomSource */
/**
 * @typedef {{
 *   seeds: () => Uint8Array[],
 *   make?: (random: RandomSource) => Uint8Array,
 *   tokens: readonly string[],
 *   read: (bytes: Uint8Array) => unknown,
 *   limit?: number,
 * }} FuzzedReader
 */

/** The `limit` that the readers get, so that a file that asks for more is refused soon. */
const limit = 2 ** 24;

const root = new URL("../../", import.meta.url);
/** @param {string} folder @param {RegExp} names */
const filesOf = (folder, names) =>
  readdirSync(new URL(folder, root))
    .filter((name) => names.test(name))
    .sort()
    .map((name) => new Uint8Array(readFileSync(new URL(`${folder}/${name}`, root))))
    .filter(({ length }) => length < 2 ** 16);
const fixtures = (/** @type {RegExp} */ names) => filesOf("packages/data/test/fixtures", names);
const photos = (/** @type {RegExp} */ names) =>
  filesOf("packages/data/test/fixtures/photos", names);
const text = (/** @type {string} */ content) => new Uint8Array(Buffer.from(content, "latin1"));
const json = (/** @type {unknown} */ value) => text(JSON.stringify(value));

const DESCRS = [
  "<f4",
  ">f4",
  "<f8",
  "<f2",
  "|u1",
  "|b1",
  "<i8",
  ">i2",
  "<u4",
  "|O",
  "<c8",
  "<M8[s]",
];
const BYTES = { f4: 4, f8: 8, f2: 2, u1: 1, b1: 1, i8: 8, i2: 2, u4: 4 };

/** @param {RandomSource} random */
const randomShape = (random) =>
  Array.from({ length: random.below(5) }, () =>
    random.chance(0.05) ? random.pick([0, 2 ** 20, 2 ** 31, 2 ** 53]) : 1 + random.below(6),
  );

/** @param {RandomSource} random */
function randomPngText(random) {
  const parts = [
    "a",
    "Negative prompt: ",
    "\n",
    "Steps: 1, ",
    'Size: "8x8',
    ", ",
    ":",
    '"',
    "\\",
    "{}",
  ];
  const chunks = Array.from({ length: 1 + random.below(3) }, () => {
    const words = Array.from({ length: random.below(12) }, () => random.pick(parts)).join("");
    const isDeflated = random.chance(0.4);
    const content = isDeflated ? deflateSync(text(words)) : text(words);
    const [type, head] = random.pick([
      ["tEXt", ""],
      ["zTXt", "\0"],
      ["iTXt", "\0\0\0\0"],
      ["iTXt", "\x01\0en\0\0"],
    ]);
    const keyword = random.pick(["parameters", "gen", "Comment", ""]);
    return pngChunk(type, Buffer.concat([text(`${keyword}\0${head}`), content]));
  });
  return pngFile(pngHeader(1, 1), ...chunks);
}

/** @param {RandomSource} random */
function randomNpy(random) {
  const [shape, descr] = [randomShape(random), random.pick(DESCRS)];
  const size = shape.reduce((a, b) => a * b, 1);
  const width = BYTES[/** @type {keyof typeof BYTES} */ (descr.slice(1))] ?? 8;
  const order = random.chance(0.3) ? "True" : "False";
  const dictionary = npyDictionary(shape, descr).replace("False", order);
  const body = random.bytes(size * width < 2 ** 14 ? size * width : random.below(99));
  return npyFile(dictionary.padEnd(random.below(128)), body);
}

/** @param {RandomSource} random */
function randomPng(random) {
  const side = () =>
    random.chance(0.05) ? random.pick([0, 4096, 65535, 65536, 4e9]) : 1 + random.below(20);
  const [width, height] = [side(), side()];
  const depth = random.pick([1, 2, 4, 8, 16]);
  const color = random.pick([0, 2, 3, 4, 6, 5]);
  const interlace = random.pick([0, 0, 1, 2]);
  const samples = [1, 0, 3, 1, 2, 0, 4][color];
  const row = 1 + Math.ceil((width * depth * samples) / 8);
  const count = random.chance(0.1) ? random.below(999) : Math.min(row * height, 2 ** 14);
  const filters = random.bytes(count).map((byte, i) => (i % row === 0 ? byte % 5 : byte));
  const stream = deflateSync(filters);
  const damaged = random.chance(0.2) ? mutate(random, stream, [stream], ["\0"]) : stream;
  const cut = random.below(damaged.length + 1);
  const chunks = [pngHeader(width, height, depth, color, interlace)];
  const extra = () => {
    const type = random.pick(["PLTE", "tRNS", "tEXt", "IHDR", "gAMA"]);
    chunks.push(pngChunk(type, random.bytes(random.pick([0, 1, 2, 3, 6, 48, 768]))));
  };
  if (color === 3)
    chunks.push(pngChunk("PLTE", random.bytes(3 * (1 + random.below(2 ** Math.min(depth, 8))))));
  if (random.chance(0.3)) extra();
  chunks.push(pngChunk("IDAT", damaged.subarray(0, cut)));
  if (random.chance(0.1)) extra();
  chunks.push(pngChunk("IDAT", damaged.subarray(cut)));
  return pngFile(...chunks);
}

/** @param {RandomSource} random */
function randomNpz(random) {
  const files = Array.from({ length: random.below(5) }, (_, i) => ({
    name: random.chance(0.9)
      ? `a${i}.npy`
      : random.pick(["a0.npy", "b.txt", "__proto__.npy", ".npy"]),
    content: random.chance(0.8) ? randomNpy(random) : random.bytes(random.below(99)),
    isDeflated: random.chance(0.6),
    ...(random.chance(0.1) && { size: random.below(999) }),
    ...(random.chance(0.1) && i > 0 && { sharedWith: random.below(i) }),
  }));
  return zipFile(files);
}

/** @param {RandomSource} random */
function randomIdx(random) {
  const shape = randomShape(random);
  const size = shape.reduce((a, b) => a * b, 1);
  const type = random.pick([8, 9, 11, 12, 13, 14, 10]);
  const width = [1, 1, 0, 2, 4, 4, 8][type - 8];
  const exact = size * width < 2 ** 14 ? size * width : 9;
  const sizes = shape.map((n) => n % 2 ** 32);
  const plain = idxFile(sizes, random.bytes(random.chance(0.9) ? exact : random.below(99)), type);
  if (random.chance(0.5)) return plain;
  const packed = gzipSync(plain);
  return random.chance(0.3) ? mutate(random, packed, [packed], ["\x1f\x8b\x08"]) : packed;
}

/** @param {RandomSource} random */
function randomCsv(random) {
  const separator = random.pick([",", ";", "\t", " "]);
  const columns = 1 + random.below(5);
  const rows = Array.from({ length: random.below(30) }, () =>
    Array.from({ length: random.chance(0.95) ? columns : random.below(9) }, () =>
      random.chance(0.95) ? String(random.below(99) / 7) : random.pick(CSV_TOKENS),
    ).join(separator),
  );
  return text(rows.join(random.pick(["\n", "\r\n", "\r"])));
}

const CSV_TOKENS = [
  ",",
  ";",
  "\t",
  "\n",
  "\r",
  '"',
  "#",
  "nan",
  "1e39",
  "-1e308",
  "label",
  "0x1F",
  " ",
  "\xff",
  "1_000",
];

/** @param {RandomSource} random */
function randomSafetensors(random) {
  let end = 0;
  const entries = Array.from({ length: random.below(6) }, (_, i) => {
    const dtype = random.pick(["F32", "F64", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3"]);
    const width = { F32: 4, F64: 8, F16: 2, BF16: 2, I64: 8 }[dtype] ?? 1;
    const shape = randomShape(random);
    const from = end;
    end += Math.min(
      shape.reduce((a, b) => a * b, width),
      2 ** 16,
    );
    const entry = { dtype, shape, data_offsets: [from, end] };
    return [`t${i}`, random.chance(0.9) ? entry : randomJson(random, 3, ["dtype", "shape"])];
  });
  if (random.chance(0.3))
    entries.push(["__metadata__", random.chance(0.5) ? { a: "b" } : randomJson(random, 2, ["a"])]);
  const body = random.bytes(random.chance(0.9) ? end % 2 ** 14 : random.below(99));
  return safetensorsFile(Object.fromEntries(entries), body);
}

const ODD_VALUES = [
  null,
  true,
  false,
  [],
  {},
  "",
  "linear",
  -1,
  0,
  0.5,
  1,
  10,
  1000,
  1e6,
  1000001,
].concat(/** @type {any} */ ([1e15, 1e308, -0, 2 ** 53, "x".repeat(5000), "a\nb", "__proto__"]));

/** @type {(random: RandomSource, depth: number, keys: readonly string[]) => unknown} */
function randomJson(random, depth, keys) {
  if (depth === 0 || random.chance(0.5)) return random.pick(ODD_VALUES);
  const length = random.below(5);
  if (random.chance(0.5)) return Array.from({ length }, () => randomJson(random, depth - 1, keys));
  return Object.fromEntries(
    Array.from({ length }, () => [random.pick(keys), randomJson(random, depth - 1, keys)]),
  );
}

/** An object whose fields are replaced, dropped or added at random. */
/** @type {(random: RandomSource, object: any, keys: readonly string[]) => unknown} */
function changedFields(random, object, keys) {
  if (typeof object !== "object" || object === null || random.chance(0.1))
    return randomJson(random, 2, keys);
  const entries = Object.entries(object).flatMap(([key, value]) =>
    random.chance(0.05)
      ? []
      : [[key, random.chance(0.15) ? changedFields(random, value, keys) : value]],
  );
  if (random.chance(0.2)) entries.push([random.pick(keys), randomJson(random, 2, keys)]);
  return Array.isArray(object) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

const JSON_TOKENS = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "null",
  "NaN",
  "-Infinity",
  "1e999",
  "\\u0000",
  "\\",
  "\xef\xbb\xbf",
  "-",
  "{}",
  "[[[[",
];

const CLASSES = [
  "DDIM",
  "DDPM",
  "EulerDiscrete",
  "DPMSolverMultistep",
  "FlowMatchEulerDiscrete",
  "UniPCMultistep",
  "LCM",
  "EDMEuler",
  "PNDM",
  "CogVideoXDDIM",
];
const configs = CLASSES.map((name) => readSchedulerConfig({ _class_name: `${name}Scheduler` }));
const FIELDS = [...new Set(configs.flatMap(({ settings }) => Object.keys(settings)))];

const pipeline = pipelineFiles({
  kind: "diffusion",
  denoiser: denoiser(mlp({ inputs: 2, hidden: [4], time: { features: 4 }, classes: 3, seed: 5 })),
  scheduler: { schedule: cosineSchedule({ steps: 10 }), clip: 1 },
  shape: [2],
  classes: ["a", "b", "c"],
  notes: { data: "points" },
});
/** Configs of parts as exporters write them. */
const PART_CONFIGS = [
  { _class_name: "UNet2DConditionModel", in_channels: 9, out_channels: 4, sample_size: [8, 8] },
  { _class_name: "FluxTransformer2DModel", in_channels: 16, patch_size: 1, guidance_embeds: true },
  { _class_name: "AutoencoderKL", block_out_channels: [16, 16], scaling_factor: 0.5 },
];
const CONFIG_FIELDS = [
  ...["_class_name", "in_channels", "out_channels", "sample_size", "patch_size", "shift_factor"],
  ...["block_out_channels", "scaling_factor", "latents_mean", "latents_std", "projection_dim"],
  ...["cross_attention_dim", "joint_attention_dim", "addition_embed_type", "guidance_embeds"],
  ...["addition_time_embed_dim", "projection_class_embeddings_input_dim", "num_class_embeds"],
  ...["pooled_projection_dim", "time_cond_proj_dim", "num_embeds_ada_norm", "class_embed_type"],
];

const SIDE_FIELDS = ["size", "crop_size", "shortest_edge", "height", "width", "image_mean"];

const PREPROCESSORS = [
  {
    ...{ do_resize: true, do_center_crop: true, do_normalize: true, do_rescale: true, resample: 3 },
    size: { shortest_edge: 224 },
    crop_size: { height: 224, width: 224 },
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    rescale_factor: 1 / 255,
  },
  { size: 224, crop_size: 224, resample: 3 },
];

const INDEX_FIELDS = [
  "_gen",
  "shape",
  "image",
  "classes",
  "notes",
  "unet",
  "vae_decoder",
  "vae_encoder",
  "scheduler",
  "_class_name",
];
const index = JSON.parse(Buffer.from(pipeline["model_index.json"]).toString());

const record = {
  kind: "ddpm",
  settings: { seed: 0, steps: 9 },
  step: 3,
  steps: 9,
  seconds: 0.5,
  backend: "cpu",
  history: { steps: [1, 2, 3], losses: { loss: [1, 0.5, 0.25] } },
};
const RECORD_FIELDS = [
  "kind",
  "settings",
  "step",
  "steps",
  "seconds",
  "backend",
  "history",
  "losses",
  "loss",
];

const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i));
const clipTokens = [...letters, ...letters.map((letter) => `${letter}</w>`), "ab", "abc</w>"];
const clipFiles = {
  "t/vocab.json": json(
    Object.fromEntries(
      [...clipTokens, "<|startoftext|>", "<|endoftext|>"].map((token, i) => [token, i]),
    ),
  ),
  "t/merges.txt": text("#version: 0.2\na b\nab c</w>\n"),
  "t/special_tokens_map.json": json({ pad_token: "<|endoftext|>" }),
};
const unigram = {
  added_tokens: [{ id: 1, content: "</s>", special: true }],
  normalizer: {
    type: "Sequence",
    normalizers: [{ type: "Strip", strip_right: true }, { type: "Lowercase" }],
  },
  pre_tokenizer: { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always" },
  post_processor: {
    type: "TemplateProcessing",
    single: [{ Sequence: { id: "A" } }, { SpecialToken: { id: "</s>" } }],
  },
  model: {
    type: "Unigram",
    unk_id: 2,
    vocab: ["<|endoftext|>", "</s>", "<unk>", "\u2581a", "b", "ab"].map((t, i) => [t, -i]),
  },
};
const TOKENIZER_FIELDS = [
  ...["added_tokens", "normalizer", "pre_tokenizer", "post_processor", "model", "vocab", "merges"],
  ...["type", "pattern", "Regex", "String", "content", "id", "single", "Sequence", "SpecialToken"],
  ...["Precompiled", "precompiled_charsmap", "Replace", "Split", "ByteLevel", "BPE", "Prepend"],
];

/** Reads a tokenizer of these files and a prompt with it. */
/** @type {(files: Readonly<Record<string, Uint8Array>>) => Promise<unknown>} */
async function readTokenizer(files) {
  const tokenizer = await loadTokenizer((path) => Promise.resolve(files[path]), "t");
  return tokenizer?.tokenize("Ab (c:1.2) \u2581 </s> \u00e9\u0301", { weighted: true });
}

// A MatMul whose weight [2, 3] is attn1.to_q.
const [queries] = filesOf("packages/pipeline/test/reference/lora", /^queries\.onnx$/);
const loraOfQueries = writeSafetensors({
  "lora_unet_attn1_to_q.lora_up.weight": { shape: [3, 1], data: Float32Array.of(1, 2, 3) },
  "lora_unet_attn1_to_q.lora_down.weight": { shape: [1, 2], data: Float32Array.of(10, 20) },
});
const wordVectors = { shape: [2, 4], data: new Float32Array(8) };
const LORA_ROLES = [
  ...[".lora_up.weight", ".lora_down.weight", ".lora_mid.weight", ".alpha", ".dora_scale"],
  ...[".lora_A.weight", ".lora_B.weight", ".processor.to_q_lora.down.weight", ".hada_w1_a"],
];

/** @param {RandomSource} random */
function randomLora(random) {
  const modules = ["lora_unet_attn1_to_q", "unet.attn1.to_q", "lora_te_x", "input_blocks_1_1_x"];
  const entries = Array.from({ length: random.below(6) }, () => {
    const shape = random.pick([[3, 1], [1, 2], [3, 2], [2, 2], [], [1], [2, 2, 1, 1], [0, 2]]);
    const size = shape.reduce((product, n) => product * n, 1);
    const Kind = random.pick([Float32Array, Uint16Array, Float64Array]);
    return [`${random.pick(modules)}${random.pick(LORA_ROLES)}`, { shape, data: new Kind(size) }];
  });
  return writeSafetensors(Object.fromEntries(entries));
}

const folder = mkdtempSync(join(tmpdir(), "gen-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** @type {(array: { shape: readonly number[], data: { length: number } }) => void} */
function checkArray({ shape, data }) {
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== data.length) throw new Error(`shape [${shape}] with ${data.length} elements`);
}

/** Reads a JPEG or WebP, with sharp. @param {Uint8Array} bytes */
async function readBounded(bytes) {
  const { width, height, channels, data } = await readPicture(bytes, { limit });
  checkArray({ shape: [width, height, channels], data });
}

/** @type {Readonly<Record<string, FuzzedReader>>} */
export const readers = {
  ...appReaders,
  png: {
    seeds: () => [
      ...fixtures(/\.png$/),
      writePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) }),
    ],
    make: randomPng,
    tokens: ["IHDR", "PLTE", "tRNS", "IDAT", "IEND", "\0\0\0\0", "\xff\xff\xff\xff"],
    read: (bytes) => {
      const { width, height, channels, data } = readPng(bytes, { limit });
      checkArray({ shape: [width, height, channels], data });
    },
    limit,
  },
  jpeg: {
    seeds: () => photos(/\.jpg$/),
    tokens: ["\xff\xd8", "\xff\xc0", "\xff\xc2", "\xff\xda", "\xff\xd9", "Exif\0\0", "\xff\xff"],
    read: readBounded,
    limit,
  },
  webp: {
    seeds: () => photos(/\.webp$/),
    tokens: [
      "RIFF",
      "WEBP",
      "VP8 ",
      "VP8L",
      "VP8X",
      "ALPH",
      "ANIM",
      "ANMF",
      "EXIF",
      "\xff\xff\xff",
    ],
    read: readBounded,
    limit,
  },
  "png-settings": {
    seeds: () => [
      ...fixtures(/^text.*\.png$/),
      writePng(
        { width: 1, height: 1, channels: 1, data: new Uint8Array(1) },
        { settings: { prompt: "a: b", seed: 1, size: [8, 8], sampler: "x, y" } },
      ),
    ],
    make: randomPngText,
    tokens: ["tEXt", "zTXt", "iTXt", "gen\0", "parameters\0", "IEND", "\0\0", '"', ": ", ", "],
    read: (bytes) => readPngSettings(bytes),
    limit,
  },
  npy: {
    seeds: () => fixtures(/\.npy$/),
    make: randomNpy,
    tokens: [
      ...DESCRS,
      "'descr':",
      "'shape':",
      "'fortran_order':",
      "True",
      "False",
      "(",
      ")",
      ",",
      "\x93NUMPY",
      "99999999",
    ],
    read: (bytes) => checkArray(readNpy(bytes, { limit })),
    limit,
  },
  npz: {
    seeds: () => [
      ...fixtures(/\.npz$/),
      writeNpz({ a: { shape: [3], data: new Float32Array(3) } }),
    ],
    make: randomNpz,
    tokens: [
      "PK\x01\x02",
      "PK\x03\x04",
      "PK\x05\x06",
      "PK\x06\x06",
      "PK\x06\x07",
      ".npy",
      "\xff\xff\xff\xff",
      "\xff\xff",
      "\x08\0",
    ],
    read: (bytes) => Object.values(readNpz(bytes, { limit })).forEach(checkArray),
    limit,
  },
  idx: {
    seeds: () => {
      const plain = idxFile([2, 2, 2], Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
      return [plain, gzipSync(plain), idxFile([1], new Uint8Array(8), 14)];
    },
    make: randomIdx,
    tokens: ["\0\0\x08", "\0\0\x0d", "\x1f\x8b\x08", "\xff\xff\xff\xff"],
    read: (bytes) => checkArray(readIdx(bytes, { limit })),
    limit,
  },
  csv: {
    seeds: () => [text("x,y,label\n1,2,0\n3,4,1\n"), text("1;2\r\n3;4"), text("# a\n1 2\n3 4\n")],
    make: randomCsv,
    tokens: CSV_TOKENS,
    read: (bytes) => {
      const path = join(folder, "a.csv");
      writeFileSync(path, bytes);
      return openDataset(path, { limit });
    },
    limit,
  },
  safetensors: {
    seeds: () => [
      ...fixtures(/\.safetensors$/),
      writeSafetensors({ a: { shape: [2], data: new Float32Array(2) } }, { b: "c" }),
    ],
    make: randomSafetensors,
    tokens: [...JSON_TOKENS, '"dtype"', '"shape"', '"data_offsets"', "__metadata__", "F32", "BF16"],
    read: (bytes) => Object.values(readSafetensors(bytes, { limit }).tensors).forEach(checkArray),
    limit,
  },
  "scheduler-config": {
    seeds: () =>
      configs.map(({ settings, className }) => json({ _class_name: className, ...settings })),
    make: (random) => {
      const { className, settings } = random.pick(configs);
      return json(changedFields(random, { _class_name: className, ...settings }, FIELDS));
    },
    tokens: [...JSON_TOKENS, ...FIELDS.map((name) => `"${name}"`), ...CLASSES],
    read: (bytes) => {
      const config = readSchedulerConfig(Buffer.from(bytes).toString());
      return schedulerSteps(config, { steps: 5 });
    },
    limit: 2 ** 27,
  },
  "model-index": {
    seeds: () => [
      json(index),
      json({ _class_name: "DDPMPipeline", unet: ["diffusers", "UNet2DModel"] }),
    ],
    make: (random) => json(changedFields(random, index, INDEX_FIELDS)),
    tokens: [...JSON_TOKENS, ...INDEX_FIELDS.map((name) => `"${name}"`)],
    read: async (bytes) => {
      const read = (/** @type {string} */ path) =>
        Promise.resolve(path === "model_index.json" ? bytes : pipeline[path]);
      await describeFolder(read);
      return loadPipeline(read);
    },
  },
  "part-config": {
    seeds: () => PART_CONFIGS.map(json),
    make: (random) => json(changedFields(random, random.pick(PART_CONFIGS), CONFIG_FIELDS)),
    tokens: [...JSON_TOKENS, ...CONFIG_FIELDS.map((name) => `"${name}"`)],
    read: async (bytes) => {
      const { "model_index.json": _, ...others } = pipeline;
      const read = (/** @type {string} */ path) =>
        Promise.resolve(path.endsWith("/config.json") ? bytes : others[path]);
      await describeFolder(read);
      return loadPipeline(read);
    },
  },
  "preprocessor-config": {
    seeds: () => PREPROCESSORS.map(json),
    make: (random) => json(changedFields(random, random.pick(PREPROCESSORS), SIDE_FIELDS)),
    tokens: [...JSON_TOKENS, ...Object.keys(PREPROCESSORS[0]).map((name) => `"${name}"`)],
    read: async (bytes) => {
      const config = (await readJson(async () => bytes, "preprocessor_config.json")) ?? {};
      const picture = { data: new Uint8Array(3 * 8 * 9), height: 8, width: 9 };
      return clipImage(picture, readPreprocessing(config));
    },
  },
  "training-json": {
    seeds: () => [json(record)],
    make: (random) => json(changedFields(random, record, RECORD_FIELDS)),
    tokens: [...JSON_TOKENS, ...RECORD_FIELDS.map((name) => `"${name}"`)],
    read: (bytes) => parseRecord("training.json", bytes),
  },
  tokenizer: {
    seeds: () => [json(unigram)],
    make: (random) => json(changedFields(random, unigram, TOKENIZER_FIELDS)),
    tokens: [...JSON_TOKENS, ...TOKENIZER_FIELDS.map((name) => `"${name}"`)],
    read: (bytes) =>
      readTokenizer({
        "t/tokenizer.json": bytes,
        "t/special_tokens_map.json": clipFiles["t/special_tokens_map.json"],
      }),
  },
  merges: {
    seeds: () => [clipFiles["t/merges.txt"]],
    tokens: ["#version: 0.2", "\n", "\r", " ", "ab", "</w>", "\xff", "\xc3\xa9"],
    read: (bytes) => readTokenizer({ ...clipFiles, "t/merges.txt": bytes }),
  },
  lora: {
    seeds: () => [loraOfQueries],
    make: randomLora,
    tokens: [...JSON_TOKENS, ...LORA_ROLES, "unet.attn1.to_q", "lora_adapter_metadata", "F16"],
    read: (bytes) => [
      ...mergeLora({ unet: { model: queries } }, [{ lora: bytes }]).patches("unet"),
    ],
    limit,
  },
  embedding: {
    seeds: () => [
      ...filesOf("packages/pipeline/test/reference/lora", /^(cat-toy|style)\.safetensors$/),
      writeSafetensors({ clip_l: wordVectors, clip_g: wordVectors }),
    ],
    tokens: [
      ...JSON_TOKENS,
      "emb_params",
      "clip_l",
      "clip_g",
      "t5xxl",
      "F16",
      "BF16",
      "I64",
      "[2,4]",
    ],
    read: (bytes) => readEmbedding(bytes, { token: "x" }),
    limit,
  },
  "onnx-headers": {
    seeds: () => [queries, ...filesOf("packages/graph/test/reference", /\.onnx$/)],
    tokens: ["location", "../w", "offset", "-1", "length", "w.bin"],
    async read(bytes) {
      const { apply, signature } = await wholeModel(fileOf(bytes));
      return trace(apply, signature);
    },
  },
  "onnx-layout": {
    seeds: () => [queries, ...filesOf("packages/graph/test/reference", /\.onnx$/)],
    tokens: ["location", "../w", "offset", "-1", "length", "pkg.torch.onnx.name_scopes", "['a']"],
    read: (bytes) => readModelLayout(bytes),
  },
  onnx: {
    seeds: () => [
      pipeline["unet/model.onnx"],
      ...filesOf("packages/graph/test/reference", /\.onnx$/),
      ...filesOf("packages/pipeline/test/reference", /\.onnx$/),
    ],
    tokens: [
      "Conv",
      "MatMul",
      "Reshape",
      "Shape",
      "Slice",
      "Gather",
      "Concat",
      "TopK",
      "Constant",
      "com.microsoft",
      "ai.onnx.ml",
      "batch",
      "axis",
      "perm",
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
      "\x0a\x00",
    ],
    read: (bytes) => {
      const { signature, apply } = fromOnnx(bytes, { limit });
      const inputs = Object.entries(signature).map(([name, { shape, dtype }]) => [
        name,
        input(name, { shape, dtype }),
      ]);
      return apply(Object.fromEntries(inputs));
    },
    limit: 2 ** 26,
  },
};
