/*
 * What readers look for, and the page that they want: a lesson for an idea, the reference for the
 * name of a function, a how-to page for a task, the page of a command for its name. The queries
 * were written before the index, and none is in the index because it is here.
 */

/** A query, and the path of the page that must be among the first three results. */
export type Query = readonly [text: string, page: string];

export const englishQueries: readonly Query[] = [
  ["reparameterisation", "lessons/dice"],
  ["reparameterization", "lessons/dice"],
  ["cancel", "guide/servers"],
  ["KL divergence", "lessons/surprise"],
  ["posteriorCoefficients", "reference/math/posterior-coefficients"],
  ["variational autoencoder", "lessons/whose-z"],
  ["cross entropy", "lessons/surprise"],
  ["Bayes", "lessons/undo"],
  ["Markov chain", "lessons/chance"],
  ["undetermined coefficients", "guide/ddpm-to-ddim"],
  ["DDIM inversion", "lessons/there-and-back"],
  ["classifier-free guidance", "lessons/steering"],
  ["noise schedule", "reference/schedules/noise-schedule"],
  ["seed", "guide/pytorch-seed"],
  ["fewer steps", "lessons/few-steps"],
  ["out of memory", "guide/memory"],
  ["inpainting", "guide/image-to-image"],
  ["textual inversion", "guide/lora-controlnet"],
  ["finetune a model", "guide/fine-tuning"],
  ["train on my own images", "guide/train-pictures"],
  ["which backend", "guide/choose"],
  ["gen sample", "cli/sample"],
  ["qSample", "reference/ddpm/forward"],
  ["wasserstein", "reference/math/wasserstein"],
  ["export to PyTorch", "guide/python"],
  ["several machines", "guide/many-workers"],
  ["docker compose", "guide/many-workers"],
];

export const chineseQueries: readonly Query[] = [
  ["KL散度", "zh/lessons/surprise"],
  ["重参数化", "zh/lessons/dice"],
  ["变分自编码器", "zh/lessons/whose-z"],
  ["噪声调度", "zh/guide/schedulers"],
  ["分类器引导", "zh/lessons/steering"],
  ["待定系数", "zh/guide/ddpm-to-ddim"],
  ["贝叶斯", "zh/lessons/undo"],
  ["种子", "zh/guide/pytorch-seed"],
  ["posteriorCoefficients", "zh/reference/math/posterior-coefficients"],
  ["取消", "zh/guide/servers"],
  ["交叉熵", "zh/lessons/surprise"],
  ["马尔可夫链", "zh/lessons/chance"],
  ["DDIM 反演", "zh/lessons/there-and-back"],
  ["文生图", "zh/guide/text-to-image"],
  ["局部重画", "zh/guide/image-to-image"],
  ["显存不足", "zh/guide/memory"],
  ["微调", "zh/guide/fine-tuning"],
  ["如何用自己的图片训练", "zh/guide/train-pictures"],
  ["选择后端", "zh/guide/choose"],
  ["证据下界", "zh/lessons/closed-form"],
  ["潜空间", "zh/lessons/latent"],
  ["采样步数太多", "zh/lessons/few-steps"],
  ["gen train vae", "zh/cli/train-vae"],
  ["导出到 Python", "zh/guide/python"],
  ["多台机器", "zh/guide/many-workers"],
  ["reparameterization", "zh/lessons/dice"],
];
