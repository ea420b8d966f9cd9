import { inLanguage } from "../../words.ts";
import type { DataId } from "./point-data.ts";
import type { SolverId } from "./solvers.ts";
import type { Verdict } from "./verdict.ts";

const number = (v: number) => v.toFixed(3);

/** Whether a solver reaches the band before DDPM and DDIM. */
const isFaster = (reached: Verdict["reached"], first: SolverId | undefined): first is SolverId =>
  first !== undefined &&
  (reached[first] ?? 0) < Math.min(reached.ddpm ?? Infinity, reached.ddim ?? Infinity);

/** The name of the left side: DDPM at eta 1, DDIM at eta 0. */
const sideName = (eta: number) => (eta === 1 ? "DDPM" : eta === 0 ? "DDIM" : `η = ${eta}`);

const en = {
  lead: (points: number) =>
    `The same ${points.toLocaleString("en")} points of noise on both sides. At every step, the left side adds fresh noise and the right side adds none. Drag the curtain.`,
  data: "Points of",
  sources: {
    picture: "your postcard",
    moons: "moons",
    rings: "rings",
    learned: "what I taught",
  } satisfies Record<DataId, string>,
  denoiser: "Denoised by",
  denoisers: { exact: "the exact formula", network: "the network I trained" },
  untrained: "Train a network and compare it here →",
  steps: "Steps",
  eta: "Fresh noise η",
  etaNote: (eta: number): string => (eta === 0 ? "none: DDIM" : eta === 1 ? "as in DDPM" : "some"),
  seed: "Seed",
  newNoise: "New noise",
  play: "Play again",
  curtain: "Curtain",
  curtainAt: (percent: number) => `${percent}% of the picture is the left side`,
  sideName,
  side: (eta: number) => `${sideName(eta)}, η = ${eta}`,
  plot: (eta: number, points: number, logSnr: number) =>
    `${points} points of ${sideName(eta)} with η = ${eta}, at log SNR ${logSnr.toFixed(1)}`,
  tracing: "Moving the points…",
  distance: "W₂",
  fact: (steps: number, eta: number, left: number, right: number) =>
    `In ${steps} steps, ${sideName(eta)} ends ${number(left)} from the data, DDIM ${number(right)}.`,
  fresh: (mean: number, spread: number) =>
    `A fresh draw of the data itself: ${number(mean)} ± ${number(spread)}.`,
  adjusted: (list: readonly { name: string; value: string | number }[]) =>
    `Not every setting of the address can be used. Now: ${list.map(({ name, value }) => `${name} = ${value}`).join(", ")}.`,
  clampedSeed: (now: number) => `Seeds are whole numbers from 0 to 4,294,967,295. Set to ${now}.`,
  caption: (eta: number) =>
    `Left: the noise that both start from. Right: the data. Blue glides (DDIM), red ${eta === 0 ? "glides too, because η is 0" : "wanders"}. Drag to travel in time.`,
  frontier: {
    title: "How many steps does it take?",
    lead: "Distance between samples and data, for each number of steps. Lower is closer. In the grey band, samples cannot be told from a fresh draw of the data.",
    x: "steps",
    y: "sliced W₂ to the data",
    band: "a fresh draw of the data",
    stop: "Stop",
    resume: "Continue",
    start: "Measure",
    done: "Measure again",
    progress: (done: number, all: number) => `${done} of ${all} points`,
    left: (time: string) => `${time} left`,
    stopped: (done: number, all: number) => `Stopped at ${done} of ${all} points.`,
    finished: (all: number) => `All ${all} points are measured.`,
    hint: "Point at a solver: its line lights up.",
    plot: (done: number, all: number, lit: string) =>
      `Distance to the data over steps for six solvers; ${done} of ${all} points are measured${lit ? `; ${lit} stands out` : ""}`,
    solvers: "Solvers",
    measuring: "Measuring what fresh noise buys…",
    solver: {
      ddpm: "DDPM adds fresh noise at every step, and looks once at each. First order.",
      sde: "SDE-DPM-Solver++ adds fresh noise and draws a line through its last two estimates. Second order.",
      ddim: "DDIM takes the same steps as DDPM without fresh noise. First order.",
      heun: "Heun looks at both ends of a step and takes the mean: two looks a step. Second order.",
      dpm: "DPM-Solver++ (2M) draws a line through its last two estimates: one look a step. Second order.",
      unipc:
        "UniPC does so too, and corrects each step by the next estimate, which costs no look more.",
    } satisfies Record<SolverId, string>,
    inBand: (steps: number) => `In the band from ${steps} steps.`,
    notInBand: "Not in the band so far.",
  },
  verdict: ({ kind, steps, ddpm, ddim, reached, first }: Verdict, name: string): string => {
    const at = `with ${steps} steps, DDPM ends at ${number(ddpm)} and DDIM at ${number(ddim)}`;
    const need = (n: number | undefined) => (n === undefined ? `more than ${steps}` : String(n));
    const needs = `To be as close as a fresh draw of the data, DDPM needs ${need(reached.ddpm)} steps and DDIM ${need(reached.ddim)}`;
    const best = isFaster(reached, first) ? ` ${name} is there with ${reached[first]} steps.` : "";
    if (kind === "buys") return `Here fresh noise buys closeness: ${at}.`;
    if (kind === "costs") {
      return reached.ddpm === reached.ddim
        ? `Here fresh noise buys nothing: ${at}.${best}`
        : `Here fresh noise buys nothing and costs steps. ${needs}.${best}`;
    }
    if (kind === "saves") return `Here fresh noise saves steps. ${needs}.${best}`;
    return `Here fresh noise makes no difference that can be told: ${at}.${best}`;
  },
  table: {
    points: "The points as numbers",
    pointsCaption: (shown: number, all: number) =>
      `The first ${shown} of ${all.toLocaleString("en")} points at the end of both sides, in standard deviations of the data.`,
    point: "point",
    frontier: "The distances as numbers",
    frontierCaption: "Sliced Wasserstein distance to the data, in standard deviations of the data.",
    solver: "solver",
    steps: "steps",
    distance: "distance",
  },
  files: { frontier: "distances (CSV)" },
};

const zh: typeof en = {
  lead: (points) =>
    `两边从同样的 ${points} 个噪声点出发。每走一步，左边都加入新噪声，右边一点不加。拖动中间的幕布看看。`,
  data: "数据",
  sources: { picture: "你的明信片", moons: "双月", rings: "圆环", learned: "我教给网络的" },
  denoiser: "去噪用",
  denoisers: { exact: "精确公式", network: "我训练的网络" },
  untrained: "先训练一个网络，再来这里比较 →",
  steps: "步数",
  eta: "新噪声 η",
  etaNote: (eta) => (eta === 0 ? "不加，即 DDIM" : eta === 1 ? "与 DDPM 相同" : "加一些"),
  seed: "种子",
  newNoise: "换一份噪声",
  play: "再放一遍",
  curtain: "幕布",
  curtainAt: (percent) => `画面的 ${percent}% 是左边`,
  sideName,
  side: (eta) => `${sideName(eta)}，η = ${eta}`,
  plot: (eta, points, logSnr) =>
    `${sideName(eta)}（η = ${eta}）的 ${points} 个点，log SNR 为 ${logSnr.toFixed(1)}`,
  tracing: "点正在移动……",
  distance: "W₂",
  fact: (steps, eta, left, right) =>
    `走 ${steps} 步后，${sideName(eta)} 离数据 ${number(left)}，DDIM 离数据 ${number(right)}。`,
  fresh: (mean, spread) => `重新抽一份真数据：${number(mean)} ± ${number(spread)}。`,
  adjusted: (list) =>
    `地址中有的设置不能照用，现在是：${list.map(({ name, value }) => `${name} = ${value}`).join("，")}。`,
  clampedSeed: (now) => `种子是 0 到 4294967295 之间的整数，已改为 ${now}。`,
  caption: (eta) =>
    `左：两边共同的噪声。右：数据。蓝线平滑（DDIM），红线${eta === 0 ? "此时也平滑，因为 η = 0" : "游荡"}。拖动即可穿越时间。`,
  frontier: {
    title: "要走多少步？",
    lead: "每种步数下，样本离数据有多远，越低越近。进入灰带，样本就与重新抽取的真数据分不出来了。",
    x: "步",
    y: "到数据的切片 W₂ 距离",
    band: "重新抽取的真数据",
    stop: "停止",
    resume: "继续",
    start: "测量",
    done: "重新测量",
    progress: (done, all) => `已测 ${done} / ${all} 点`,
    left: (time) => `还需 ${time}`,
    stopped: (done, all) => `已停在 ${done} / ${all} 点。`,
    finished: (all) => `${all} 个点全部测完。`,
    hint: "指向一个求解器，它的线就会亮起来。",
    plot: (done, all, lit) =>
      `六种求解器的样本到数据的距离随步数的变化，已测 ${done} / ${all} 点${lit ? `，突出显示 ${lit}` : ""}`,
    solvers: "求解器",
    measuring: "正在测量新噪声换来了什么……",
    solver: {
      ddpm: "DDPM 每一步都加入新噪声，每步看一次。一阶。",
      sde: "SDE-DPM-Solver++ 也加新噪声，并用最近两次估计连成直线。二阶。",
      ddim: "DDIM 与 DDPM 走同样的步子，但不加新噪声。一阶。",
      heun: "Heun 在一步的两端各看一次，取平均：每步看两次。二阶。",
      dpm: "DPM-Solver++（2M）用最近两次估计连成直线，每步只看一次。二阶。",
      unipc: "UniPC 也是如此，还用下一次估计回头修正这一步，不必多看。",
    },
    inBand: (steps) => `${steps} 步起进入灰带。`,
    notInBand: "目前还没有进入灰带。",
  },
  verdict: ({ kind, steps, ddpm, ddim, reached, first }, name) => {
    const at = `走 ${steps} 步时，DDPM 离数据 ${number(ddpm)}，DDIM 离数据 ${number(ddim)}`;
    const need = (n: number | undefined) => (n === undefined ? `${steps} 步以上` : `${n} 步`);
    const needs = `要和重新抽取的真数据一样近，DDPM 要走 ${need(reached.ddpm)}，DDIM 要走 ${need(reached.ddim)}`;
    const best = isFaster(reached, first) ? `${name} 只要 ${reached[first]} 步。` : "";
    if (kind === "buys") return `在这里，新噪声换来了更近的样本：${at}。`;
    if (kind === "costs") {
      return reached.ddpm === reached.ddim
        ? `在这里，新噪声什么也没换来：${at}。${best}`
        : `在这里，新噪声什么也没换来，反而多费步数。${needs}。${best}`;
    }
    if (kind === "saves") return `在这里，新噪声省下了步数。${needs}。${best}`;
    return `在这里，新噪声没有带来看得出的差别：${at}。${best}`;
  },
  table: {
    points: "点的坐标",
    pointsCaption: (shown, all) =>
      `两边终点的 ${all} 个点中的前 ${shown} 个，以数据的标准差为单位。`,
    point: "点",
    frontier: "距离的数值",
    frontierCaption: "到数据的切片 Wasserstein 距离，以数据的标准差为单位。",
    solver: "求解器",
    steps: "步数",
    distance: "距离",
  },
  files: { frontier: "距离（CSV）" },
};

/** The strings of this room. */
export const words = inLanguage({ en, zh });
