import { readSafetensors, writeSafetensors } from "@gen/data";
import { mlp } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { denoiser } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { afterAll } from "vitest";
import { type Call, describeCarelessCallers } from "../../../tooling/fixtures/careless.ts";
import { goldenRuns, modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import * as pipeline from "../src/index.ts";
import { readEmbedding } from "../src/index.ts";
import { embedding, loraOfQueries, outside, textEncoder } from "./lora-cases.ts";
import { readReference } from "./tokenizer-cases.ts";

const model = denoiser(mlp({ inputs: 2, hidden: [3], time: true, classes: 1 }));
const scheduler = { schedule: linearSchedule({ steps: 8 }), clip: 1 };
const whole = { kind: "diffusion", denoiser: model, scheduler, shape: [2] } as const;
const files = pipeline.pipelineFiles({ ...whole, denoiser: model });
const read = async (path: string) => files[path];
const options = { limit: 2 ** 30, readWeights: read };
const extra = { classes: ["a"], notes: {} };
const card = { name: "Toy", license: "mit", read: async () => undefined };

const opened = onnxBackend({ provider: "cpu" });
afterAll(async () => (await opened).close());
const backend = await opened;
const tiny = modelFolder("tiny-decoder").read;
const layers = mlp({ inputs: 1, hidden: [] });
const picture = {
  prompt: "a fox",
  negativePrompt: "red",
  count: 1,
  guidance: 3,
  guidanceRescale: 0.5,
  sampler: "ddim",
  steps: 1,
  eta: 0,
  compat: "diffusers",
  torchSeed: 1,
  torchDevice: "cpu",
  size: [64, 64],
  clipSkip: 0,
  weighted: true,
  tileSize: 16,
  safetyChecker: false,
  control: [],
  signal: { aborted: false },
  onStep: () => undefined,
} as const;

const adapters = goldenRuns("sd1", "adapters").file;
const [own, sd1] = [modelFolder("control").read, modelFolder("sd1").read];
const controlled = async (path: string) => (await own(path)) ?? sd1(path);
const net = { read: controlled, path: "controlnet/model.onnx", readWeights: controlled };
const { tensors } = readSafetensors(adapters("kohya"));
const ofText = Object.entries(tensors).filter(([key]) => key.startsWith("lora_te"));
const learned = {
  controlNets: [net],
  loras: [{ bytes: writeSafetensors(Object.fromEntries(ofText)), strength: 1, name: "a" }],
  embeddings: { "<toy>": adapters("toy") },
};
const image = { data: new Float32Array(3 * 64 * 64), shape: [3, 64, 64] };
// The other options are those of textToImage.
const ofImage = { prompt: "a fox", steps: 1, guidance: 1, image, strength: 1, aestheticScore: 6 };
const mask = { data: new Float32Array(64 * 64), shape: [1, 64, 64] };

const calls: Record<string, Call> = {
  loadModel: { args: [read, "unet/model.onnx", options], also: { "2.limit": ["infinity"] } },
  loadPipeline: {
    args: [read, { ...options, shape: [2], kind: "diffusion" }],
    also: { "1.limit": ["infinity"] },
  },
  describeFolder: { args: [read, async () => true] },
  partSizes: {
    args: [
      {
        parts: [{ name: "unet", config: {} }],
        latent: [4, 8, 8],
        factor: 8,
        className: "StableDiffusionPipeline",
      },
      "unet",
    ],
  },
  loadTokenizer: {
    args: [readReference, "clip", { className: "CLIPTokenizer", added: { "<x>": 2 } }],
    also: { "2.className": ["text"] },
  },
  loraAdapters: {
    args: [layers, { rank: 1, alpha: 1, seed: 0 }],
    also: { "1.alpha": ["fraction"] },
  },
  mergeLora: { args: [{ unet: { model: outside } }, [{ lora: loraOfQueries }]] },
  openImageModel: {
    args: [
      controlled,
      {
        backend,
        limit: 2 ** 30,
        shape: [4, 8, 8],
        decoder: tiny,
        previewDecoder: tiny,
        ...learned,
      },
    ],
    also: { "1.limit": ["infinity"], "1.backend": ["promise"] },
  },
  toPixels: { args: [{ images: new Float32Array(12), shape: [1, 3, 2, 2] }, 0] },
  textToImage: {
    args: [sd1, { backend, ...picture }],
    also: { "1.guidance": ["fraction"], "1.backend": ["promise"] },
  },
  imageToImage: {
    args: [sd1, { backend, ...ofImage }],
    also: {
      "1.guidance": ["fraction"],
      "1.aestheticScore": ["fraction", "negative"],
      "1.backend": ["promise"],
    },
  },
  inpaint: {
    args: [sd1, { backend, ...ofImage, mask }],
    also: {
      "1.guidance": ["fraction"],
      "1.aestheticScore": ["fraction", "negative"],
      "1.backend": ["promise"],
    },
  },
  readEmbedding: { args: [embedding, { token: "<toy>", name: "toy" }] },
  addEmbeddings: { args: [{ model: textEncoder }, [readEmbedding(embedding)], 41] },
  pipelineFiles: { args: [{ ...whole, ...extra }], also: { "0.kind": ["undefined"] } },
  savePipeline: {
    args: [{ ...whole, ...extra }, () => undefined, card],
    also: { "2": ["undefined"] },
  },
};

describeCarelessCallers(pipeline, calls, new Set<unknown>([layers]));
