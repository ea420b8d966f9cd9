import type { Bilingual } from "./written-parts.ts";

/** A kind of reference data, and the test that replays it. */
export interface ConformanceRow {
  readonly what: Bilingual;
  /** The files of reference values, by patterns from the repository's root; `*` is any name. */
  readonly files: readonly string[];
  /** The cases of a file. @defaultValue the length of its list `cases` */
  // biome-ignore lint/suspicious/noExplicitAny: each file has a shape of its own
  readonly count?: (content: any) => number;
  /** The tolerance as the test has it; undefined where values must be equal. */
  readonly within?: string;
  /** What the tolerance is of. */
  readonly unit?: Bilingual;
  readonly test: string;
  /** A file whose first lines have the versions, where the reference files have none. */
  readonly versions?: string;
}

const relative = { en: "of the larger of 1 and the value", zh: "相对于 1 与该值中较大者" };
const folders = "tooling/fixtures/folders/*";

/** What the tests replay, from random numbers up to pictures. */
export const conformanceRows: Readonly<
  Record<"random" | "formulas" | "samplers" | "networks" | "pipelines", readonly ConformanceRow[]>
> = {
  random: [
    {
      what: {
        en: "Philox and Threefry: the known answers, and outputs of the C headers",
        zh: "Philox 与 Threefry：已知答案，以及 C 头文件的输出",
      },
      files: ["packages/math/test/reference/random123.json"],
      count: ({ kat, extended }) => kat.length + extended.length,
      test: "packages/math/test/peer-generators.test.ts",
    },
    {
      what: {
        en: "Threefry 2x32 as JAX's tests have it. JAX's streams of normal numbers are not followed",
        zh: "JAX 测试中的 Threefry 2x32。JAX 的正态随机数流不在复现之列",
      },
      files: ["packages/math/test/reference/jax_threefry.json"],
      count: ({ threefry2x32_hash }) => threefry2x32_hash.length,
      test: "packages/math/test/peer-generators.test.ts",
    },
    {
      what: {
        en: "`torch.manual_seed`, then `rand`, `randn`, `randint` and `randperm` on the CPU",
        zh: "CPU 上 `torch.manual_seed` 之后的 `rand`、`randn`、`randint` 与 `randperm`",
      },
      files: [
        "packages/math/test/reference/torch_cpu.json",
        "packages/math/test/reference/torch_cpu_sequences.json",
      ],
      count: ({ cases = [], misc = [], sequences = [] }) =>
        cases.length + misc.length + sequences.length,
      within: "2e-6",
      unit: { en: "in float32, 1e-13 in float64", zh: "（float32）；float64 为 1e-13" },
      test: "packages/math/test/peer-generators.test.ts",
    },
  ],
  formulas: [
    {
      what: {
        en: "KL divergences, entropies, cross-entropies and log probabilities, beside 60 digits",
        zh: "KL 散度、熵、交叉熵与对数概率，与 60 位精度的值对照",
      },
      files: [
        "packages/math/test/reference/normal.json",
        "packages/math/test/reference/bernoulli.json",
        "packages/math/test/reference/kl_normal_seed.json",
        "packages/math/test/reference/mpmath_distributions.json",
      ],
      count: ({ cases = [], multivariate_normal = [], laplace = [] }) =>
        cases.length + multivariate_normal.length + laplace.length,
      within: "1e-12",
      unit: relative,
      test: "packages/math/test/distributions.test.ts",
    },
    {
      what: {
        en: "The forward process, posteriors, the discretized Gaussian, bits per dimension",
        zh: "前向过程、后验、离散化高斯、每维比特数",
      },
      files: ["tooling/fixtures/elementary.json"],
      count: ({ cases, discretized_gaussian, approx_cdf, normal_kl_m1_lv1_m2_lv2_kl }) =>
        [cases, discretized_gaussian, approx_cdf, normal_kl_m1_lv1_m2_lv2_kl].flat().length,
      within: "1e-11",
      unit: relative,
      test: "packages/ddpm/test/forward.test.ts",
    },
    {
      what: { en: "Noise schedules: betas and their products", zh: "噪声表：beta 及其连乘积" },
      files: ["packages/schedules/test/reference/schedules_T100.json"],
      count: ({ schedules }) => schedules.length,
      within: "1e-14",
      unit: relative,
      test: "packages/schedules/test/schedule.test.ts",
    },
    {
      what: { en: "Sigmas of flows, with their shifts", zh: "流模型的 sigma 及其偏移" },
      files: ["tooling/fixtures/flow_sigmas.json"],
      within: "1e-14",
      unit: relative,
      test: "packages/schedules/test/flow.test.ts",
    },
    {
      what: { en: "Respaced time steps", zh: "重新取样的时间步" },
      files: ["packages/schedules/test/reference/space_timesteps.json"],
      test: "packages/schedules/test/timesteps.test.ts",
    },
    {
      what: { en: "Time steps of DDIM and DDPM", zh: "DDIM 与 DDPM 的时间步" },
      files: ["packages/schedules/test/reference/diffusers_timesteps.json"],
      test: "packages/schedules/test/timesteps.test.ts",
    },
    {
      what: {
        en: "The defaults of each scheduler class's fields",
        zh: "每个调度器类各字段的默认值",
      },
      files: ["packages/schedules/test/reference/diffusers_defaults.json"],
      count: ({ classes }) => Object.keys(classes).length,
      test: "packages/schedules/test/flow.test.ts",
    },
  ],
  samplers: [
    {
      what: {
        en: "Scheduler classes: time steps, sigmas and the samples of a whole run, in float64",
        zh: "调度器类：时间步、sigma 与整次运行的样本，float64",
      },
      files: ["packages/sampling/test/reference/schedulers/*.json"],
      within: "1e-11",
      unit: {
        en: "of the largest number; 1e-8 where the loop finds a quantile by halving",
        zh: "相对于最大的数；循环用二分法求分位数时为 1e-8",
      },
      test: "packages/sampling/test/replay.test.ts",
    },
    {
      what: {
        en: "Time steps of pipelines, which diffusers computes in float32",
        zh: "管线的时间步，diffusers 以 float32 计算",
      },
      files: ["packages/sampling/test/reference/float32_times.json"],
      count: (rows: { times: object }[]) =>
        rows.reduce((sum, { times }) => sum + Object.keys(times).length, 0),
      test: "packages/sampling/test/float32-times.test.ts",
      versions: "tooling/reference/float32-times.py",
    },
    {
      what: {
        en: "DDIM step by step, with fresh noise and clipping",
        zh: "DDIM 逐步对照，含新噪声与裁剪",
      },
      files: [
        "packages/ddim/test/reference/ddim_trace.json",
        "packages/ddim/test/reference/peer_full_loops.json",
      ],
      within: "1e-11",
      unit: relative,
      test: "packages/ddim/test/reference.test.ts",
    },
    {
      what: { en: "DDPM step by step, with learned variances", zh: "DDPM 逐步对照，含学到的方差" },
      files: ["packages/ddpm/test/reference/ddpm_trace.json"],
      within: "1e-11",
      unit: relative,
      test: "packages/ddpm/test/reference.test.ts",
    },
  ],
  networks: [
    {
      what: {
        en: "Layers and their gradients; embeddings of labels and of times",
        zh: "各层及其梯度；标签与时间的嵌入",
      },
      files: ["packages/nn/test/reference/layers.json"],
      count: ({ layers, timesteps }) => layers.length + 1 + timesteps.length,
      within: "2e-8",
      unit: { en: "; 6e-5 for embeddings of times near 1000", zh: "；1000 附近的时间嵌入为 6e-5" },
      test: "packages/nn/test/layers.test.ts",
    },
    {
      what: { en: "Whole networks and their gradients", zh: "整个网络及其梯度" },
      files: ["packages/nn/test/reference/networks.json"],
      count: ({ networks }) => networks.length,
      within: "1e-6",
      unit: { en: "; 1e-5 for slopes", zh: "；斜率为 1e-5" },
      test: "packages/nn/test/pytorch-networks.test.ts",
    },
    {
      what: { en: "Optimizers: the path of each weight", zh: "优化器：每个权重的轨迹" },
      files: [
        "packages/nn/test/reference/optimizers.json",
        "packages/nn/test/reference/sgd-lion.json",
      ],
      within: "3e-7",
      test: "packages/nn/test/optimizers.test.ts",
    },
    {
      what: {
        en: "ONNX files of PyTorch's exporters, operator sets 7 to 17",
        zh: "PyTorch 导出的 ONNX 文件，算子集 7 至 17",
      },
      files: ["packages/graph/test/reference/*.json"],
      count: () => 1,
      within: "1e-5",
      test: "packages/graph/test/onnx-pytorch.test.ts",
    },
  ],
  pipelines: [
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
  ],
};

/** A difference on purpose beside those of the scheduler classes, which have a table of their own. */
export interface Difference {
  readonly library: string;
  readonly what: Bilingual;
  /** The file that says why, or does it. */
  readonly source: string;
  /** What stands in that file. */
  readonly says: string;
}

export const otherDifferences: readonly Difference[] = [
  {
    library: "guided-diffusion",
    what: {
      en: "Classifier guidance in the score form: it clips x0 before the gradient moves it. Here the guided x0 is clipped, so it keeps its bounds.",
      zh: "score 形式的分类器引导：它在梯度移动 x0 之前裁剪；这里裁剪引导之后的 x0，因此 x0 不会越界。",
    },
    source: "packages/sampling/src/guidance/classifier-guided.ts",
    says: "It clips x0 before the score form moves it",
  },
  {
    library: "guided-diffusion",
    what: {
      en: "Classifier guidance in the mean form: it also moves the mean of the last step, by the variance that it clips to that of t = 1. Here the variance of that step is 0, as the formula says.",
      zh: "均值形式的分类器引导：它也移动最后一步的均值，所用方差裁剪为 t = 1 的方差；这里最后一步的方差为 0，与公式一致。",
    },
    source: "packages/sampling/src/guidance/classifier-guided.ts",
    says: "that step's variance is 0",
  },
  {
    library: "diffusers",
    what: {
      en: "DPMSolverSDE draws its noise from a Brownian tree. Here each interval takes one normal number: the same distribution, other numbers.",
      zh: "DPMSolverSDE 从布朗树抽取噪声；这里每个区间取一个正态随机数：分布相同，数值不同。",
    },
    source: "packages/sampling/src/scheduler/sigma-classes.ts",
    says: "in place of its Brownian tree",
  },
  {
    library: "diffusers",
    what: {
      en: "FlowMatchLCM may enlarge x between steps (`scale_factors`). Here x keeps its size, because a table of numbers does not resize, and a note says so.",
      zh: "FlowMatchLCM 可以在步与步之间放大 x（`scale_factors`）；这里 x 的大小不变，因为系数表不做缩放，并给出提示。",
    },
    source: "packages/sampling/src/scheduler/flow-classes.ts",
    says: "scale_factors are passed over: x keeps its size",
  },
  {
    library: "PyTorch",
    what: {
      en: "Dropout: the masks come from the seed, the layer and the step, on the host. PyTorch's masks are not followed, because a backend's own random numbers could not continue a training elsewhere.",
      zh: "dropout 的掩码由种子、层和步数在主机上产生，不复现 PyTorch 的掩码：后端自己的随机数无法在别处接续训练。",
    },
    source: "docs/decisions/0015-dropout.md",
    says: "The host draws the masks from the seed, the layer and the step",
  },
  {
    library: "JAX",
    what: {
      en: "Only the Threefry function is JAX's. How JAX turns its words into normal numbers has changed between its versions, and is not followed.",
      zh: "只有 Threefry 函数与 JAX 一致。JAX 由它得到正态随机数的方式随版本变化，不在复现之列。",
    },
    source: "packages/math/test/reference/jax_threefry.json",
    says: "legacy_nonpartitionable_values",
  },
];
