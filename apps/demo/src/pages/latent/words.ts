import { inLanguage } from "../../words.ts";

const nats = (v: number) => v.toFixed(2);
const place = (z: readonly number[]) =>
  `(${z.map((v) => v.toFixed(2).replace("-", "−")).join(", ")})`;
const whole = (n: number) => n.toLocaleString("en");

const en = {
  model: "the model",
  lead: "An encoder squeezes each 8×8 digit into two numbers, z. A decoder draws a digit for any two numbers. Drag the cross: what lies between a 3 and an 8?",
  plane:
    "The plane of z. Drag, or use the arrow keys (with Shift for larger steps); Home goes to the middle.",
  planeLabel: (n: number, half: number, z: readonly number[]) =>
    `The decoder's digits from −${half} to ${half} on both axes, and ${n === 0 ? "no pictures yet" : `${whole(n)} pictures where the encoder puts them`}. The cross is at z = ${place(z)}.`,
  layers: { decoded: "what the decoder draws", data: "where the data lie" },
  rings:
    "Rings: N(0,\u00a0I), 1 and 2 deviations. Ellipse: q(z | x), 2 deviations. Squares: z of the pairs below.",
  at: (z: readonly number[], name: string) => `z = ${place(z)}${name && ` · nearest: ${name}`}`,
  digit: (label: number) => `${label === 8 ? "an" : "a"} ${label}`,
  drawing: (label: number) => `drawing ${label}`,
  yours: "your drawing",
  big: (z: readonly number[]) => `What the decoder draws at z = ${place(z)}`,
  picture: "picture x",
  back: "rebuilt",
  draw: "draw your own",
  hide: "hide the pad",
  clear: "clear",
  add: "learn from it",
  terms: {
    title: (name: string) => `What ${name || "the picture"} costs, in nats`,
    reconstruction: "Reconstruction",
    reconstructionMeans: (floor: number) =>
      `to draw x from its z. Gray pixels alone cost ${nats(floor)}.`,
    kl: "KL",
    klMeans: "to say which z: q(z | x) against N(0,\u00a0I).",
    sum: "Sum, −ELBO",
    mean: (n: number) => `mean of ${whole(n)}`,
  },
  learnFrom: "Learn from",
  digits: "1,797 digits",
  drawings: (n: number) => `my drawings (${n})`,
  forget: "forget them",
  noDrawings: "Draw a digit first, then choose “learn from it”.",
  full: (most: number) => `The page keeps at most ${most} drawings.`,
  beta: "β, the weight of KL",
  betaMeans: (beta: number): string =>
    beta === 0
      ? "KL costs nothing: an autoencoder, whose plane has holes"
      : beta < 1
        ? "KL is cheap: sharper pictures, a wider plane"
        : beta === 1
          ? "the bound itself: loss = −ELBO"
          : beta < 4
            ? "KL is dear: z says less"
            : "KL is too dear: z says nothing (posterior collapse)",
  steps: "Steps",
  train: "Train",
  stop: "Stop",
  resume: "Continue",
  again: "Start over",
  opening: "Starting the backend…",
  stopping: "Stopping…",
  shipped: (steps: number) =>
    `This model was trained before, by the code below: ${whole(steps)} steps.`,
  step: (step: number, steps: number) => `${whole(step)} of ${whole(steps)}`,
  left: (time: string) => `${time} left`,
  done: (step: number, time: string) => `${whole(step)} steps in ${time}`,
  stopped: (step: number) => `Stopped after ${whole(step)} steps. The model is kept.`,
  restored: (step: number) => `Kept from your last visit: ${whole(step)} steps.`,
  notKept: "This browser does not keep the model for a reload.",
  otherBeta: "β has changed. Continue, and watch the two terms.",
  clamped: (low: number, high: number, now: number) =>
    `Steps go from ${low} to ${whole(high)}. Set to ${whole(now)}.`,
  badSetting: (name: string) => `The address has no valid ${name}. The usual one is used.`,
  progress: "Training progress",
  curves: {
    title: "While it learns",
    label: (step: number, reconstruction: number, kl: number) =>
      step === 0
        ? "Reconstruction and KL by step: nothing yet"
        : `Reconstruction and KL by step. After ${whole(step)} steps: ${nats(reconstruction)} and ${nats(kl)} nats`,
    ignorant: "64 ln 2: knows nothing",
    waiting: "Train, and both terms appear here.",
    numbers: "The curves as numbers",
    caption: "The two terms of some batches, in nats.",
    step: "step",
  },
  whose: {
    title: "Whose z?",
    choose: "Whose z",
    posterior: "its own: z from q(z | x)",
    prior: "nobody's: z from N(0,\u00a0I)",
    fresh: "new draws",
    label: (n: number, own: boolean, mean: number) =>
      `${n} pictures, and under each the decoder's picture of ${own ? "a z of its own posterior" : "a z of the prior"}. Reconstruction costs ${nats(mean)} nats on average.`,
    posteriorMeans: (mean: number) =>
      `Each z comes from the posterior of the picture above it, so the pair may be compared: reconstruction costs ${nats(mean)} nats. The encoder learns from exactly this.`,
    priorMeans: (mean: number, own: number) =>
      `Each z comes from the prior and belongs to no picture. The lower row is what the VAE generates. But to compare it with the row above costs ${nats(mean)} nats instead of ${nats(own)}, and would teach nothing: nobody knows whose z it is.`,
  },
  pixels: "What the decoder draws, as numbers",
  pixelsCaption: "The chance of ink in each pixel.",
  row: "row",
  numbers: "The plane as numbers",
  numbersCaption: "Means over the pictures of each class: place of the plane, and nats.",
  pairs: "The pairs as numbers",
  pairsCaption: "z of each picture, and what reconstruction costs in nats.",
  head: { class: "class", count: "pictures", rec: "reconstruction", kl: "KL" },
  files: {
    encoder: "encoder (ONNX)",
    decoder: "decoder (ONNX)",
  },
};

const zh: typeof en = {
  model: "模型",
  lead: "编码器把每个 8×8 的数字压成两个数，即 z；解码器能把任意两个数画成一个数字。拖动十字看看：3 和 8 之间是什么？",
  plane: "z 的平面。可拖动，也可用方向键移动（按住 Shift 步子更大），Home 键回到中心。",
  planeLabel: (n, half, z) =>
    `两轴从 −${half} 到 ${half} 各处解码出的数字，以及${n === 0 ? "尚未就位的图片" : `编码器给 ${n} 张图片安排的位置`}。十字位于 z = ${place(z)}。`,
  layers: { decoded: "解码器画出的数字", data: "数据所在的位置" },
  rings: "圆环：N(0,\u00a0I)，1 倍和 2 倍标准差。椭圆：q(z | x)，2 倍标准差。方块：下面各对的 z。",
  at: (z, name) => `z = ${place(z)}${name && ` · 最近的是${name}`}`,
  digit: (label) => `数字“${label}”`,
  drawing: (label) => `第 ${label} 幅画`,
  yours: "你的画",
  big: (z) => `解码器在 z = ${place(z)} 处画出的图`,
  picture: "原图 x",
  back: "还原的图",
  draw: "自己画一个",
  hide: "收起画板",
  clear: "清除",
  add: "用它来学",
  terms: {
    title: (name) => `${name || "这张图"}的代价（奈特）`,
    reconstruction: "重建",
    reconstructionMeans: (floor) => `由 z 画出 x 的代价；单是灰色像素就要 ${nats(floor)}。`,
    kl: "KL",
    klMeans: "说清是哪个 z 的代价：q(z | x) 离 N(0,\u00a0I) 有多远。",
    sum: "合计，即 −ELBO",
    mean: (n) => `${n} 张的平均`,
  },
  learnFrom: "训练数据",
  digits: "1797 个数字",
  drawings: (n) => `我的画（${n}）`,
  forget: "清空我的画",
  noDrawings: "先画一个数字，再按“用它来学”。",
  full: (most) => `本页最多保留 ${most} 幅画。`,
  beta: "β，KL 的权重",
  betaMeans: (beta) =>
    beta === 0
      ? "KL 不要钱：成了自编码器，平面上会有空洞"
      : beta < 1
        ? "KL 便宜：图更清晰，平面铺得更开"
        : beta === 1
          ? "就是下界本身：损失 = −ELBO"
          : beta < 4
            ? "KL 贵：z 说得更少"
            : "KL 太贵：z 什么也不说（后验坍缩）",
  steps: "步数",
  train: "训练",
  stop: "停止",
  resume: "继续",
  again: "重新开始",
  opening: "正在启动后端…",
  stopping: "正在停止…",
  shipped: (steps) => `这个模型是事先用下面的代码训练的，共 ${steps} 步。`,
  step: (step, steps) => `第 ${step} / ${steps} 步`,
  left: (time) => `还需 ${time}`,
  done: (step, time) => `${step} 步，用时 ${time}`,
  stopped: (step) => `在第 ${step} 步停止，模型已保留。`,
  restored: (step) => `上次访问留下的模型：已训练 ${step} 步。`,
  notKept: "此浏览器不会在重新加载后保留模型。",
  otherBeta: "β 已改变。按“继续”，看看这两项怎么变。",
  clamped: (low, high, now) => `步数须在 ${low} 到 ${high} 之间，已设为 ${now}。`,
  badSetting: (name) => `地址中的 ${name} 无效，改用平常的值。`,
  progress: "训练进度",
  curves: {
    title: "学习过程",
    label: (step, reconstruction, kl) =>
      step === 0
        ? "重建与 KL 随步数的变化：尚无数据"
        : `重建与 KL 随步数的变化。第 ${step} 步时分别为 ${nats(reconstruction)} 和 ${nats(kl)} 奈特`,
    ignorant: "64 ln 2：一无所知",
    waiting: "开始训练后，这里显示这两项。",
    numbers: "曲线的数值",
    caption: "部分批次的两项，单位为奈特。",
    step: "步",
  },
  whose: {
    title: "谁的 z？",
    choose: "谁的 z",
    posterior: "自己的：z 取自 q(z | x)",
    prior: "无主的：z 取自 N(0,\u00a0I)",
    fresh: "重新抽取",
    label: (n, own, mean) =>
      `${n} 张图，每张下面是解码器由${own ? "它自己的后验" : "先验"}中的 z 画出的图。重建平均花费 ${nats(mean)} 奈特。`,
    posteriorMeans: (mean) =>
      `每个 z 都取自上面那张图专属的后验，所以上下两张可以比较：重建花费 ${nats(mean)} 奈特。编码器就是这样学会的。`,
    priorMeans: (mean, own) =>
      `每个 z 都取自先验，不属于任何一张图。下面一行是 VAE 生成的图；若硬要与上面一行比较，要花 ${nats(mean)} 奈特，而不是 ${nats(own)}，而且什么也学不到：谁也不知道这是谁的 z。`,
  },
  pixels: "解码出的图的数值",
  pixelsCaption: "每个像素有墨的概率。",
  row: "行",
  numbers: "平面上的数值",
  numbersCaption: "每一类图片的平均：平面上的位置与奈特数。",
  pairs: "每一对的数值",
  pairsCaption: "每张图的 z，以及重建花费的奈特数。",
  head: { class: "类别", count: "图片数", rec: "重建", kl: "KL" },
  files: {
    encoder: "编码器（ONNX）",
    decoder: "解码器（ONNX）",
  },
};

/** The strings of this room in the current language. */
export const words = inLanguage({ en, zh });
