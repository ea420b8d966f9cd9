import { pipelineRows } from "./conformance-pipelines.ts";
import type { ConformanceRow } from "./conformance-row.ts";

const relative = { en: "of the larger of 1 and the value", zh: "相对于 1 与该值中较大者" };
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
        en: "Distances of feature sets: pytorch-fid's Frechet distance, torch-fidelity's KID, prdc's four numbers, scikit-learn's MMD and neighbors, POT's Wasserstein distance",
        zh: "特征集之间的距离：pytorch-fid 的 Fréchet 距离、torch-fidelity 的 KID、prdc 的四个数、scikit-learn 的 MMD 与最近邻、POT 的 Wasserstein 距离",
      },
      files: ["packages/math/test/reference/metrics.json"],
      count: ({ cases }) => cases.length,
      within: "1e-11",
      unit: {
        en: "relative; 1e-6 for singular covariances",
        zh: "（相对误差）；协方差奇异时为 1e-6",
      },
      test: "packages/math/test/feature-metrics.test.ts",
    },
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
      what: {
        en: "Objectives of VAEs: losses, terms and gradients of 7 likelihoods and 12 losses",
        zh: "VAE 的目标：7 种似然与 12 种损失的损失值、各项与梯度",
      },
      files: ["packages/vae/test/reference/objectives*.json"],
      within: "1e-12",
      unit: relative,
      test: "packages/vae/test/objectives.test.ts",
    },
    {
      what: {
        en: "Trained VAEs of 13 kinds: bounds of unseen digits, over three or ten seeds",
        zh: "13 种训练后的 VAE：未见过的手写数字的下界，三个或十个种子",
      },
      files: ["packages/vae/test/reference/pythae.json"],
      count: ({ ours }) => Object.values<object>(ours).flatMap(Object.keys).length,
      within: "2",
      unit: { en: "standard deviations of the seeds", zh: "倍种子间标准差" },
      test: "packages/vae/test/pythae.test.ts",
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
      what: {
        en: "`gen export --weights`: weights of a module by its own names, and its outputs",
        zh: "`gen export --weights`：模块按自己的名称写出的权重，及其输出",
      },
      files: ["packages/cli/test/reference/export/outputs.json"],
      count: ({ output }) => output.length,
      within: "1e-5",
      test: "packages/cli/test/export.test.ts",
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
        en: "EDM's preconditioning, loss and gradients",
        zh: "EDM 的预处理、损失与梯度",
      },
      files: ["packages/ddpm/test/reference/edm.json"],
      within: "1e-11",
      test: "packages/ddpm/test/objectives.test.ts",
    },
    {
      what: {
        en: "TensorBoard's event files: records of numbers and pictures",
        zh: "TensorBoard 的事件文件：数值与图片的记录",
      },
      files: ["packages/cli/test/reference/event-file.json"],
      count: () => 3,
      test: "packages/cli/test/train.test.ts",
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
  pipelines: pipelineRows,
};
