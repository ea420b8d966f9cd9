/** What the table of the page "Schedulers" compares. */
export interface DifferenceRow {
  readonly title: { readonly en: string; readonly zh: string };
  /** Without "Scheduler". The first one is run. */
  readonly classes: readonly [string, ...string[]];
  readonly config: Readonly<Record<string, unknown>>;
  /** By diffusers' names, as the reference cases have them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** @defaultValue "sample" */
  readonly shows?: "sample" | "firstTimes" | "lastTimes" | "lastNoise";
}

const SD = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: "scaled_linear" };
const THRESHOLD = { thresholding: true, dynamic_thresholding_ratio: 0.8, sample_max_value: 1.4 };
const KARRAS = { beta_schedule: "squaredcos_cap_v2", use_karras_sigmas: true };

/** Every difference between the default and `compat: "diffusers"`. */
export const differenceRows: readonly DifferenceRow[] = [
  {
    title: {
      en: "Each step goes to t − ⌊T / N⌋. The default goes to the next listed time step.",
      zh: "每一步走到 t − ⌊T / N⌋；默认走到列表中的下一个时间步。",
    },
    classes: ["DDIM", "DDIMParallel", "CogVideoXDDIM", "CogVideoXDPM", "PNDM"],
    config: { timestep_spacing: "trailing", steps_offset: 0 },
    options: { steps: 3 },
  },
  {
    title: {
      en: "Each step of an inversion comes from t − ⌊T / N⌋. The default comes from the listed time step before.",
      zh: "反演的每一步从 t − ⌊T / N⌋ 出发；默认从列表中的前一个时间步出发。",
    },
    classes: ["DDIMInverse"],
    config: { timestep_spacing: "trailing", steps_offset: 0 },
    options: { steps: 3 },
  },
  {
    title: {
      en: "With T = 1,000, `trailing` rounds to N + 1 time steps for 62 values of N. The last one is −1. The default has N.",
      zh: "T = 1000 时，有 62 个 N 会让 `trailing` 因舍入得到 N + 1 个时间步，最后一个是 −1；默认是 N 个。",
    },
    classes: [
      "DDIM",
      "DDIMParallel",
      "DDIMInverse",
      "DDPM",
      "DDPMParallel",
      "CogVideoXDDIM",
      "CogVideoXDPM",
      "PNDM",
    ],
    config: { ...SD, clip_sample: false, timestep_spacing: "trailing" },
    options: { steps: 61 },
    shows: "lastTimes",
  },
  {
    title: {
      en: "The same in the classes that count in λ.",
      zh: "以 λ 计步的类也是如此。",
    },
    classes: [
      "DPMSolverMultistep",
      "DPMSolverMultistepInverse",
      "UniPCMultistep",
      "DEISMultistep",
      "SASolver",
    ],
    config: { ...SD, timestep_spacing: "trailing" },
    options: { steps: 61 },
    shows: "lastTimes",
  },
  {
    title: {
      en: "A large `steps_offset` passes the last training step. The default lowers it.",
      zh: "`steps_offset` 过大会越过最后一个训练步；默认将它降低。",
    },
    classes: ["DDIM", "DDIMParallel", "DDIMInverse", "DDPM", "DDPMParallel", "PNDM"],
    config: { timestep_spacing: "leading", steps_offset: 300 },
    options: { steps: 10 },
    shows: "firstTimes",
  },
  {
    title: {
      en: "N = T gives two equal time steps, and orders above 1 divide by 0. The default takes each time step once.",
      zh: "N = T 时有两个相同的时间步，高于 1 阶时除以 0；默认每个时间步只走一次。",
    },
    classes: ["DPMSolverMultistep", "UniPCMultistep", "DEISMultistep", "SASolver"],
    config: { ...SD, num_train_timesteps: 40 },
    options: { steps: 40 },
  },
  {
    title: {
      en: "With N = T this class takes one time step twice.",
      zh: "N = T 时这个类把同一个时间步走了两次。",
    },
    classes: ["DPMSolverSinglestep"],
    config: { ...SD, num_train_timesteps: 40 },
    options: { steps: 40 },
  },
  {
    title: {
      en: "At zero SNR the last alphas_cumprod is 2⁻²⁴, so σ is 4096. The default starts without signal.",
      zh: "零 SNR 时 alphas_cumprod 的最后一项是 2⁻²⁴，即 σ = 4096；默认从没有信号的层级开始。",
    },
    classes: ["EulerDiscrete"],
    config: {
      ...SD,
      rescale_betas_zero_snr: true,
      prediction_type: "v_prediction",
      timestep_spacing: "trailing",
    },
    options: { steps: 7 },
  },
  {
    title: { en: "The same with fresh noise.", zh: "加入新噪声时也是如此。" },
    classes: ["EulerAncestralDiscrete"],
    config: {
      ...SD,
      rescale_betas_zero_snr: true,
      prediction_type: "v_prediction",
      timestep_spacing: "trailing",
    },
    options: { steps: 7 },
  },
  ...["DPMSolverMultistep", "UniPCMultistep"].map(
    (name): DifferenceRow => ({
      title: {
        en: "The same, for sample and v_prediction.",
        zh: "预测 sample 和 v_prediction 时也是如此。",
      },
      classes: [name],
      config: {
        ...SD,
        rescale_betas_zero_snr: true,
        prediction_type: "sample",
        timestep_spacing: "trailing",
      },
      options: { steps: 5 },
    }),
  ),
  {
    title: {
      en: "Epsilon says nothing of x0 at zero SNR. The class goes on from σ = 4096. The default refuses it.",
      zh: "零 SNR 时 epsilon 不含 x0 的任何信息：该类从 σ = 4096 继续；默认拒绝。",
    },
    classes: ["EulerDiscrete", "EulerAncestralDiscrete"],
    config: {
      ...SD,
      rescale_betas_zero_snr: true,
      prediction_type: "epsilon",
      timestep_spacing: "trailing",
    },
    options: { steps: 7 },
  },
  {
    title: {
      en: "The same where the class divides by 0 and clips the result.",
      zh: "该类除以 0 再裁剪时也是如此。",
    },
    classes: ["DDIM", "DDIMParallel", "DDPM", "DDPMParallel", "LCM"],
    config: {
      ...SD,
      prediction_type: "epsilon",
      timestep_spacing: "trailing",
      rescale_betas_zero_snr: true,
      clip_sample: true,
    },
    options: { steps: 5, eta: 0 },
  },
  {
    title: {
      en: "With eta 1, a step from zero SNR leaves a rounding error in place of 0 for the direction.",
      zh: "eta 为 1 时，从零 SNR 出发的一步，方向的系数应为 0，该类留下舍入误差。",
    },
    classes: ["DDIM", "DDIMParallel"],
    config: {
      ...SD,
      prediction_type: "sample",
      timestep_spacing: "trailing",
      rescale_betas_zero_snr: true,
      clip_sample: true,
    },
    options: { steps: 5, eta: 1 },
  },
  {
    title: {
      en: "An inversion from a clean sample (`set_alpha_to_one`) that predicts x0 has no direction. The class starts at t − ⌊T / N⌋. The default refuses it.",
      zh: "从干净样本（`set_alpha_to_one`）反演而预测 x0 时没有方向：该类从 t − ⌊T / N⌋ 开始；默认拒绝。",
    },
    classes: ["DDIMInverse"],
    config: {
      ...SD,
      prediction_type: "sample",
      set_alpha_to_one: true,
      clip_sample: true,
      timestep_spacing: "trailing",
      steps_offset: 1,
    },
    options: { steps: 7 },
  },
  {
    title: {
      en: "A last step above t = 0 adds noise: 1e-10, because the variance is at least 1e-20. The default adds none.",
      zh: "最后一步高于 t = 0 时加入噪声：方差至少为 1e-20，即噪声 1e-10；默认不加。",
    },
    classes: ["DDPM", "DDPMParallel"],
    config: { timestep_spacing: "leading", steps_offset: 1 },
    options: { steps: 1 },
    shows: "lastNoise",
  },
  {
    title: {
      en: "The last step adds the noise of the whole step, which the class's pipeline then leaves out. The default adds none.",
      zh: "最后一步加入整步的噪声，而该类的 pipeline 又把它舍去；默认不加。",
    },
    classes: ["ScoreSdeVe"],
    config: { sigma_min: 0.02, sigma_max: 1.5, correct_steps: 1 },
    options: { steps: 5 },
  },
  {
    title: {
      en: "At equal time steps of the caller x stays where it is. The default takes them in turn.",
      zh: "遇到调用者给出的相等时间步，x 停在原处；默认依次走过。",
    },
    classes: ["FlowMapEulerDiscrete"],
    config: { shift: 3, num_train_timesteps: 400 },
    options: { timesteps: [400, 150, 150, 50] },
  },
  {
    title: {
      en: "With fixed_large and the learned variances, a last step above t = 0 adds the whole noise of the forward step.",
      zh: "使用 fixed_large 或学到的方差时，高于 t = 0 的最后一步加入前向一步的全部噪声。",
    },
    classes: ["DDPM", "DDPMParallel"],
    config: {
      ...SD,
      clip_sample: false,
      variance_type: "fixed_large",
      timestep_spacing: "leading",
      steps_offset: 1,
    },
    options: { steps: 4 },
  },
  {
    title: {
      en: "fixed_large_log takes the root of a logarithm below 0. The default is fixed_large.",
      zh: "fixed_large_log 对小于 0 的对数开方；默认等同 fixed_large。",
    },
    classes: ["DDPM", "DDPMParallel"],
    config: { variance_type: "fixed_large_log", prediction_type: "sample", clip_sample: true },
    options: { steps: 6 },
  },
  {
    title: {
      en: "With learned, a variance below 0 has no root. The default takes 0.",
      zh: "learned 的方差小于 0 时无法开方；默认取 0。",
    },
    classes: ["DDPM", "DDPMParallel"],
    config: { variance_type: "learned", prediction_type: "sample", clip_sample: true },
    options: { steps: 6 },
  },
  ...[
    { solver_type: "bh1" },
    { predict_x0: false },
    { solver_order: 2, solver_type: "bh2", predict_x0: true, lower_order_final: false },
  ].map(
    (fields): DifferenceRow => ({
      title: {
        en: "The last step to σ = 0 divides infinity by infinity. The default goes to the clean estimate.",
        zh: "最后一步走到 σ = 0 时，无穷除以无穷；默认走到干净的估计。",
      },
      classes: ["UniPCMultistep"],
      config: { ...SD, solver_order: 1, solver_type: "bh2", predict_x0: true, ...fields },
      options: { steps: 6 },
    }),
  ),
  {
    title: {
      en: "Order 3 has a wrong sign in the weight of the second difference.",
      zh: "3 阶方法中二阶差分的权重有一处符号错误。",
    },
    classes: ["DPMSolverMultistep"],
    config: { ...SD, algorithm_type: "sde-dpmsolver++", solver_order: 3, solver_type: "heun" },
    options: { steps: 12 },
  },
  {
    title: { en: "The same within one step.", zh: "单步形式也是如此。" },
    classes: ["DPMSolverSinglestep"],
    config: { ...SD, algorithm_type: "sde-dpmsolver++", solver_order: 3, solver_type: "heun" },
    options: { steps: 4 },
  },
  {
    title: {
      en: "Order 3 reads a variable that is not set. The default solves it.",
      zh: "3 阶方法读取未赋值的变量；默认照常求解。",
    },
    classes: ["DPMSolverMultistep"],
    config: {
      ...SD,
      algorithm_type: "sde-dpmsolver",
      solver_order: 3,
      solver_type: "heun",
      final_sigmas_type: "sigma_min",
    },
    options: { steps: 5 },
  },
  {
    title: { en: "The same.", zh: "同上。" },
    classes: ["EDMDPMSolverMultistep"],
    config: { algorithm_type: "sde-dpmsolver++", solver_order: 3, solver_type: "heun" },
    options: { steps: 12 },
  },
  {
    title: {
      en: "Order 3 is not given the fresh noise that it asks for. The default solves it.",
      zh: "3 阶方法要求新噪声，却没有得到；默认照常求解。",
    },
    classes: ["DPMSolverMultistepInverse"],
    config: {
      ...SD,
      algorithm_type: "sde-dpmsolver++",
      solver_order: 3,
      use_flow_sigmas: true,
      flow_shift: 2,
    },
    options: { steps: 16 },
  },
  {
    title: {
      en: "Order 3 divides by 0 where the last two σ are equal. The default takes the limit.",
      zh: "最后两个 σ 相等时，3 阶方法除以 0；默认取极限。",
    },
    classes: ["DPMSolverMultistep", "DPMSolverMultistepInverse"],
    config: {
      ...SD,
      final_sigmas_type: "sigma_min",
      use_exponential_sigmas: true,
      solver_order: 3,
    },
    options: { steps: 16 },
  },
  {
    title: {
      en: "σ = 0 is not taken with the noise's formulas. The default goes to the clean estimate.",
      zh: "以噪声为变量的公式不接受 σ = 0；默认走到干净的估计。",
    },
    classes: ["DPMSolverMultistep", "DPMSolverSinglestep"],
    config: { ...SD, algorithm_type: "dpmsolver" },
    options: { steps: 3 },
  },
  {
    title: {
      en: "algorithm_type deis stands for dpmsolver++, and refuses σ = 0 all the same.",
      zh: "algorithm_type 为 deis 时即 dpmsolver++，但仍拒绝 σ = 0。",
    },
    classes: ["DPMSolverMultistep", "DPMSolverSinglestep", "EDMDPMSolverMultistep"],
    config: { ...SD, algorithm_type: "deis" },
    options: { steps: 3 },
  },
  {
    title: {
      en: "Thresholding with the noise's formulas gives another shape.",
      zh: "以噪声为变量的公式加上阈值处理，结果的形状不对。",
    },
    classes: ["DPMSolverSinglestep"],
    config: {
      ...SD,
      final_sigmas_type: "sigma_min",
      algorithm_type: "dpmsolver",
      prediction_type: "sample",
      solver_order: 2,
      ...THRESHOLD,
    },
    options: { steps: 6 },
  },
  {
    title: { en: "The same.", zh: "同上。" },
    classes: ["SASolver"],
    config: {
      ...SD,
      algorithm_type: "noise_prediction",
      prediction_type: "sample",
      ...THRESHOLD,
    },
    options: { steps: 6 },
  },
  {
    title: {
      en: "Karras's σ on a cosine schedule begin with equal time steps, and the class loses its place.",
      zh: "余弦调度上 Karras 的 σ 以相同的时间步开头，该类找错位置。",
    },
    classes: ["DEISMultistep", "UniPCMultistep", "SASolver", "DPMSolverSinglestep"],
    config: KARRAS,
    options: { steps: 9 },
  },
  {
    title: { en: "The same, without a finite number.", zh: "同上，得不到有限的数值。" },
    classes: ["KDPM2Discrete", "KDPM2AncestralDiscrete"],
    config: KARRAS,
    options: { steps: 6 },
  },
  {
    title: {
      en: "With `timesteps` and strength the last step adds noise.",
      zh: "同时使用 `timesteps` 和 strength 时，最后一步仍加入噪声。",
    },
    classes: ["LCM"],
    config: {},
    options: { timesteps: [999, 759, 499, 259], strength: 0.3 },
  },
  {
    title: {
      en: "With strength, slopes are weighed as if all steps had been taken.",
      zh: "使用 strength 时，斜率的权重按全部步都已走过来计算。",
    },
    classes: ["LMSDiscrete"],
    config: SD,
    options: { steps: 10, strength: 0.3 },
  },
  {
    title: {
      en: "With the caller's `sigmas`, the network is asked once more at the end, for nothing.",
      zh: "给定 `sigmas` 时，最后多调用一次网络，结果不用。",
    },
    classes: ["LTXEulerAncestralRF"],
    config: {},
    options: { sigmas: [0.9, 0.4] },
    shows: "lastTimes",
  },
  {
    title: {
      en: "The Runge-Kutta start tells the network other time steps than x is at.",
      zh: "Runge-Kutta 起步告诉网络的时间步与 x 所在的不同。",
    },
    classes: ["PNDM"],
    config: { skip_prk_steps: false, num_train_timesteps: 100 },
    options: { steps: 13 },
  },
  {
    title: {
      en: "With N > T / 2 the Runge-Kutta start stands still. The default starts with the multistep method.",
      zh: "N > T / 2 时 Runge-Kutta 起步原地不动；默认直接以多步法开始。",
    },
    classes: ["PNDM"],
    config: {
      num_train_timesteps: 5,
      trained_betas: [0.1, 0.2, 0.3, 0.4, 0.5],
      skip_prk_steps: false,
    },
    options: { steps: 5 },
  },
  {
    title: {
      en: "With N < 4 the Runge-Kutta start fails. The default takes a shorter start.",
      zh: "N < 4 时 Runge-Kutta 起步失败；默认缩短起步。",
    },
    classes: ["PNDM"],
    config: { skip_prk_steps: false, timestep_spacing: "leading", steps_offset: 0 },
    options: { steps: 3 },
  },
  {
    title: {
      en: "With strength the start is skipped. The default starts anew.",
      zh: "使用 strength 时跳过起步；默认重新起步。",
    },
    classes: ["PNDM"],
    config: { ...SD, skip_prk_steps: true, steps_offset: 1, prediction_type: "epsilon" },
    options: { steps: 10, strength: 0.1 },
  },
  {
    title: {
      en: "The class has no `timesteps`. The default takes them.",
      zh: "该类没有 `timesteps`；默认接受。",
    },
    classes: ["DDIM", "DDIMParallel"],
    config: {},
    options: { timesteps: [900, 500, 100] },
  },
  {
    title: {
      en: "The class has no linspace. The default takes it.",
      zh: "该类没有 linspace；默认接受。",
    },
    classes: ["DDIMInverse"],
    config: { timestep_spacing: "linspace", steps_offset: 0 },
    options: { steps: 2 },
  },
  {
    title: {
      en: "The class passes over `predict_epsilon`. By default `false` means a prediction of x0, as in early files.",
      zh: "该类忽略 `predict_epsilon`；默认把 `false` 读作预测 x0，早期的文件就是这样写的。",
    },
    classes: ["DDIM"],
    config: { predict_epsilon: false },
    options: { steps: 6 },
  },
  {
    title: {
      en: "Without `num_train_timesteps`, the class takes T = 1,000 beside any `trained_betas`. The default takes as many as there are betas.",
      zh: "没有 `num_train_timesteps` 时，无论 `trained_betas` 有多少个，该类都取 T = 1000；默认取 beta 的个数。",
    },
    classes: ["EulerDiscrete"],
    config: { trained_betas: [0.1, 0.2, 0.3, 0.4, 0.5] },
    options: { steps: 3 },
  },
  {
    title: { en: "One step divides by 0.", zh: "只走一步时除以 0。" },
    classes: ["UnCLIP"],
    config: { variance_type: "fixed_small_log", prediction_type: "epsilon" },
    options: { steps: 1 },
  },
  {
    title: {
      en: "The class takes fewer prediction types. The default takes epsilon, sample and v_prediction.",
      zh: "该类接受的预测类型较少；默认接受 epsilon、sample 和 v_prediction。",
    },
    classes: [
      "UnCLIP",
      "PNDM",
      "EulerAncestralDiscrete",
      "KDPM2Discrete",
      "KDPM2AncestralDiscrete",
      "DPMSolverSDE",
    ],
    config: { variance_type: "fixed_small_log", prediction_type: "v_prediction" },
    options: { steps: 2 },
  },
];
