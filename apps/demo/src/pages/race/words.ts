import type { Language } from "../../language.ts";
import { inLanguage } from "../../words.ts";

const en = {
  lead: "One seed, one network, 1,000 points, 20 steps of DDIM: every runtime of this browser does the same work in its own way. Do they end on the same points, and how fast?",
  reference: "JavaScript, float64",
  referenceNote: "the reference",
  choose: "Runtimes",
  software: "software, slow",
  looking: "Looking for the runtimes of this browser…",
  absent: (labels: string) => `Not in this browser: ${labels}.`,
  nothing: "Turn on a runtime to race.",
  model: "Network",
  shipped: "a spiral, trained beforehand",
  own: (data: string, steps: number) =>
    `yours, from Learn: ${data.toLowerCase()}, ${steps.toLocaleString("en")} steps`,
  seed: "Seed",
  clamped: (most: number, now: number) =>
    `Seeds are whole numbers from 0 to ${most.toLocaleString("en")}. Set to ${now.toLocaleString("en")}.`,
  refused: (parts: string) => `This address asks for what there is not: ${parts}.`,
  race: "Race",
  stop: "Stop",
  replay: "Replay",
  pace: (factor: number) =>
    factor >= 1
      ? `Side by side at their true paces, slowed ${factor < 1.05 ? "not at all" : `${factor < 10 ? factor.toFixed(1) : Math.round(factor)} times`}.`
      : `Side by side at their true paces, ${(1 / factor).toFixed(1)} times as fast.`,
  status: {
    starting: (place: number, of: number, label: string) => `${place} of ${of}: ${label} starts…`,
    running: (place: number, of: number, label: string, step: number, steps: number) =>
      `${place} of ${of}: ${label}, step ${step} of ${steps}`,
    left: (time: string) => `${time} left`,
    stopped: "Stopped. The runs that had finished stay.",
  },
  lane: {
    waiting: "waits for the race",
    starting: "starts…",
    running: (step: number, steps: number) => `step ${step} of ${steps}`,
    stopped: "stopped on the way",
    done: "drawn beforehand",
    failed: "did not start",
    step: (time: string) => `${time} a step`,
    plot: (label: string, step: number, steps: number) =>
      step === 0
        ? `${label}: 1,000 points of noise`
        : `${label}: 1,000 points after step ${step} of ${steps}`,
  },
  verdict: {
    equal: "same points: equal to the last digit",
    pixel: (apart: string) => `same points: ${apart} apart, less than a pixel`,
    same: (apart: string) => `same points: at most ${apart} apart`,
    different: (apart: string) => `not the same points: ${apart} apart`,
    reference: "every other runtime is compared with it",
  },
  answer: {
    points: (n: number, apart: string, pixel: string) =>
      `To the points, no: ${n === 1 ? "this runtime ends" : `all ${n} runtimes end`} within ${apart} of the reference. A pixel here is ${pixel}.`,
    different: (n: number) =>
      `To the points, yes: ${n === 1 ? "one runtime ends" : `${n} runtimes end`} elsewhere.`,
    clock: (fast: string, slow: string, times: string) =>
      `To the clock, yes: ${fast} steps ${times} times as fast as ${slow}.`,
    before: "The reference is drawn. Race the others against it.",
  },
  table: {
    title: "The table",
    head: ["runtime", "start", "one step", "whole run", "greatest difference"],
    note: "Start: library, device, compilation and the first step. One step: the median of the other 19, each with the reading of its points. Difference: of any coordinate from the reference, in standard deviations of the data.",
    markdown: "Copy as Markdown",
    tsv: "Copy as TSV",
    copied: "The table is copied.",
    notCopied: "This browser did not copy the table. Select it and copy it by hand.",
    cores: (n: number) => `${n} cores`,
    seed: (seed: number) => `seed ${seed}`,
    absent: "not in this browser",
    off: "off",
  },
  numbers: "The points as numbers",
  numbersCaption: (shown: number) => `The last place of the first ${shown} of 1,000 points.`,
  point: "point",
};

const zh: typeof en = {
  lead: "同一个种子，同一个网络，1000 个点，DDIM 走 20 步：这个浏览器里的每种运行时都用自己的方式做同一件事。它们会走到同样的位置吗？各要多久？",
  reference: "JavaScript (float64)",
  referenceNote: "基准",
  choose: "运行时",
  software: "软件模拟，较慢",
  looking: "正在查看这个浏览器有哪些运行时…",
  absent: (labels) => `此浏览器没有：${labels}。`,
  nothing: "至少选一种运行时才能开赛。",
  model: "网络",
  shipped: "预先训练好的螺旋",
  own: (data, steps) => `你在“学习”里训练的：${data}，${steps} 步`,
  seed: "种子",
  clamped: (most, now) => `种子须为 0 到 ${most} 之间的整数，已设为 ${now}。`,
  refused: (parts) => `网址里的这些设置无法采用：${parts}。`,
  race: "开赛",
  stop: "停止",
  replay: "重放",
  pace: (factor) =>
    factor >= 1
      ? `按各自的真实步速并排重放${factor < 1.05 ? "" : `，放慢 ${factor < 10 ? factor.toFixed(1) : Math.round(factor)} 倍`}。`
      : `按各自的真实步速并排重放，加快 ${(1 / factor).toFixed(1)} 倍。`,
  status: {
    starting: (place, of, label) => `第 ${place} / ${of} 个：${label} 正在启动…`,
    running: (place, of, label, step, steps) =>
      `第 ${place} / ${of} 个：${label}，第 ${step} / ${steps} 步`,
    left: (time) => `还需 ${time}`,
    stopped: "已停止。跑完的结果仍然保留。",
  },
  lane: {
    waiting: "等待开赛",
    starting: "正在启动…",
    running: (step, steps) => `第 ${step} / ${steps} 步`,
    stopped: "中途停止",
    done: "预先画好",
    failed: "未能启动",
    step: (time) => `每步 ${time}`,
    plot: (label, step, steps) =>
      step === 0 ? `${label}：1000 个噪声点` : `${label}：第 ${step} / ${steps} 步之后的 1000 个点`,
  },
  verdict: {
    equal: "位置相同：每一位数字都相等",
    pixel: (apart) => `位置相同：相差 ${apart}，不到一个像素`,
    same: (apart) => `位置相同：最多相差 ${apart}`,
    different: (apart) => `位置不同：相差 ${apart}`,
    reference: "其他运行时都与它比较",
  },
  answer: {
    points: (n, apart, pixel) =>
      `对结果没有影响：${n === 1 ? "这种运行时" : `${n} 种运行时全都`}走到了与基准相差不超过 ${apart} 的位置，而这里一个像素是 ${pixel}。`,
    different: (n) => `对结果有影响：有 ${n} 种运行时走到了别处。`,
    clock: (fast, slow, times) => `对时间有影响：${fast} 的步速是 ${slow} 的 ${times} 倍。`,
    before: "基准已经画好，让其他运行时来比一比。",
  },
  table: {
    title: "成绩表",
    head: ["运行时", "启动", "每步", "全程", "最大差异"],
    note: "启动：载入库、打开设备、编译，加上第一步。每步：其余 19 步的中位数，包括读回各点。最大差异：任一坐标与基准之差，以数据的标准差为单位。",
    markdown: "复制为 Markdown",
    tsv: "复制为 TSV",
    copied: "表格已复制。",
    notCopied: "此浏览器没有复制表格，请选中后手动复制。",
    cores: (n) => `${n} 核`,
    seed: (seed) => `种子 ${seed}`,
    absent: "此浏览器没有",
    off: "未选",
  },
  numbers: "各点的数值",
  numbersCaption: (shown) => `1000 个点中前 ${shown} 个的终点。`,
  point: "点",
};

const all: Readonly<Record<Language, typeof en>> = { en, zh };

/** The strings of this page. */
export const words = inLanguage(all);
