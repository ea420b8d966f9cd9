import type { Bilingual } from "./written-parts.ts";

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
