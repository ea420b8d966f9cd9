import type { ConformanceRow } from "./conformance-row.ts";

const folders = "tooling/fixtures/folders/*";

/** What the tests replay of whole pipelines, their LoRAs and their tokenizers. */
export const pipelineRows: readonly ConformanceRow[] = [
  {
    what: {
      en: "Loops of exported folders with given conditions",
      zh: "导出的文件夹，给定条件时的采样循环",
    },
    files: [`${folders}/golden.json`],
    within: "1e-3",
    test: "packages/pipeline/test/folder-runs.test.ts",
  },
  {
    what: { en: "Pictures of prompts", zh: "按提示词生成的图片" },
    files: [`${folders}/golden.prompts.json`],
    within: "1e-3",
    unit: { en: "in the latents; 1e-2 in float16", zh: "（潜变量）；float16 为 1e-2" },
    test: "packages/pipeline/test/text-to-image.test.ts",
  },
  {
    what: {
      en: "Another sampler, sigmas or spacing for a folder, as `from_config` does",
      zh: "为文件夹换用采样器、sigma 或间隔，同 `from_config`",
    },
    files: [`${folders}/golden.choices.json`],
    within: "toBeLessThanOrEqual(2)",
    unit: { en: "2 levels of 255", zh: "255 级中的 2 级" },
    test: "packages/cli/test/scheduler-choice.test.ts",
  },
  {
    what: {
      en: "Image to image, inpainting, edits and refiners",
      zh: "图生图、局部重绘、图像编辑与 refiner",
    },
    files: [`${folders}/golden.images.json`],
    within: "1e-3",
    unit: { en: "in the latents", zh: "（潜变量）" },
    test: "packages/pipeline/test/image-runs.test.ts",
  },
  {
    what: {
      en: "Tiny decoders, tiles, previews and the safety checker",
      zh: "微型解码器、分块、预览与安全检查器",
    },
    files: [`${folders}/golden.pictures.json`],
    within: "toBeLessThan(2)",
    unit: { en: "2 levels of 255", zh: "255 级中的 2 级" },
    test: "packages/pipeline/test/pictures.test.ts",
  },
  {
    what: {
      en: "Latents and pictures of AutoencoderKL, by `gen encode` and `gen decode`",
      zh: "AutoencoderKL 的潜变量与图片，由 `gen encode` 与 `gen decode` 得到",
    },
    files: [`${folders}/golden.vae.json`],
    within: "1e-4",
    test: "packages/cli/test/exported-folders.test.ts",
  },
  {
    what: { en: "ControlNets", zh: "ControlNet" },
    files: [`${folders}/golden.control.json`],
    within: "1e-3",
    unit: { en: "in the latents", zh: "（潜变量）" },
    test: "packages/pipeline/test/control.test.ts",
  },
  {
    what: { en: "LoRAs and learned words in a run", zh: "运行中的 LoRA 与学到的词" },
    files: [`${folders}/golden.adapters.json`],
    within: "1e-3",
    unit: { en: "in the latents", zh: "（潜变量）" },
    test: "packages/pipeline/test/adapters.test.ts",
  },
  {
    what: { en: "Merged weights of LoRAs", zh: "合并 LoRA 之后的权重" },
    files: ["packages/pipeline/test/reference/lora/expected.json.gz"],
    count: ({ merges, inverted, half }) => merges.length + [inverted, half].length,
    within: "2e-5",
    test: "packages/pipeline/test/lora.test.ts",
  },
  {
    what: { en: "Quantized models", zh: "量化的模型" },
    files: [`${folders}/golden.quantized.json`],
    within: "1e-5",
    unit: {
      en: "; 0.1 where a kernel rounds activations to int8",
      zh: "；内核把激活值舍入为 int8 时为 0.1",
    },
    test: "packages/pipeline/test/quantized.test.ts",
  },
  {
    what: {
      en: "Tokenizers of CLIP and T5, slow and fast: each gives the ids of 10,000 prompts",
      zh: "CLIP 与 T5 的分词器，慢速与快速：各给出 10,000 个提示词的编号",
    },
    files: ["packages/pipeline/test/reference/tokenizers/ids.json.gz"],
    count: ({ tokenizers }) =>
      Object.values(tokenizers as Record<string, { digests: unknown[] }>).reduce(
        (sum, { digests }) => sum + 100 * digests.length,
        0,
      ),
    test: "packages/pipeline/test/tokenizers.test.ts",
    versions: "tooling/reference/tokenizer-ids.py",
  },
];
