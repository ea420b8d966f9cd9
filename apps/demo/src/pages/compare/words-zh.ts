import { isFaster, number, sideName } from "./word-parts.ts";
import type { Words } from "./words-en.ts";

export const zh: Words = {
  lead: (points) =>
    `两边从同样的 ${points} 个噪声点出发。每走一步，左边都加入新噪声，右边一点不加。拖动中间的幕布看看。`,
  data: "数据",
  sources: { picture: "你的明信片", moons: "双月", rings: "圆环", learned: "我教给网络的" },
  denoiser: "去噪用",
  denoisers: { exact: "精确公式", network: "我训练的网络" },
  untrained: "先训练一个网络，再来这里比较\u00a0→",
  steps: "步数",
  eta: "新噪声 η",
  etaNote: (eta) => (eta === 0 ? "不加，即 DDIM" : eta === 1 ? "与 DDPM 相同" : "加一些"),
  seed: "种子",
  newNoise: "换一份噪声",
  play: "再放一遍",
  curtain: "幕布",
  curtainAt: (percent) => `画面的 ${percent}% 是左边`,
  sideName,
  side: (eta) => `${sideName(eta)}, η = ${eta}`,
  plot: (eta, points, logSnr) =>
    `${sideName(eta)}（η = ${eta}）的 ${points} 个点，log SNR 为 ${logSnr.toFixed(1)}`,
  tracing: "点正在移动……",
  distance: "W₂",
  fact: (steps, eta, left, right) =>
    `走 ${steps} 步后，${sideName(eta)} 离数据 ${number(left)}，DDIM 离数据 ${number(right)}。`,
  fresh: (mean, spread) => `重新抽一份真数据：${number(mean)}\u00a0±\u00a0${number(spread)}。`,
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
