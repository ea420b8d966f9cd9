import { inLanguage } from "../../words.ts";
import type { DataId } from "./data.ts";
import type { Pull } from "./pull-arrows.ts";
import type { Kind } from "./settings.ts";

const list = (names: readonly string[], and: string) => names.join(and);

const en = {
  lead: "A model pulls noisy points toward all the data, a classifier toward one class. Guidance adds the two pulls.",
  data: "Data",
  dataNames: { arms: "arms", moons: "moons", clusters: "clusters" } satisfies Record<
    DataId,
    string
  >,
  toward: "Pull toward",
  className: (name: string) => `class ${name}`,
  scale: "Scale s",
  kind: "Guide by",
  kinds: { classifier: "a classifier", free: "no classifier" } satisfies Record<Kind, string>,
  kindNotes: {
    classifier: "Adds the slope of a classifier, log p(c | x).",
    free: "Adds the difference of two answers of one model (s is 1 + w). Exact models give the same points.",
  } satisfies Record<Kind, string>,
  steps: "Steps",
  seed: "Seed",
  newNoise: "New noise",
  play: "Play again",
  guided: "The guided points",
  exact: "The exact answer",
  pulls: {
    hint: "Point at a part: its arrows light up. Click to keep or hide them.",
    model: "the model's pull: toward all the data",
    classifier: "the classifier's pull: toward where the class is likely, times s",
    sum: "both together: where the points go",
  } satisfies Record<Pull | "hint", string>,
  noGuidance: "No class is chosen: the model pulls alone.",
  sampling: "Guiding the points…",
  same: (distance: string, mean: string, spread: string) =>
    `Distance ${distance}: these points cannot be told from the exact answer. A fresh draw of it scores ${mean} ± ${spread}.`,
  far: (distance: string, mean: string, spread: string, times: string) =>
    `Distance ${distance}: guidance misses the exact answer. A fresh draw of it scores ${mean} ± ${spread}, ${times} times less.`,
  caption: (classes: readonly string[]) =>
    `Shaded, and drawn on the right: the density that guidance is said to sample, ${
      classes.length === 0 ? "p(x)" : `p(x) ${classes.map((name) => `p(${name} | x)ˢ`).join(" ")}`
    }. Guidance samples it without a class, at s = 0, and toward one class at s = 1. Elsewhere it does not. The distance is the sliced Wasserstein distance.`,
  paper: "Why it does not: arXiv 2409.13074",
  failed: "The points could not be guided. “Play again” tries once more.",
  sampler: "the sampler",
  plot: (options: { points: number; classes: readonly string[]; scale: number; logSnr: number }) =>
    `Left: ${options.points} points at log SNR ${options.logSnr.toFixed(1)}, ${
      options.classes.length === 0
        ? "without guidance"
        : `guided toward class ${list(options.classes, " and ")} at scale ${options.scale}`
    }, with the pulls as arrows. Right: as many draws of the exact answer, with as much noise.`,
  numbers: "The points as numbers",
  numbersCaption: (shown: number, all: number) =>
    `The first ${shown} of ${all.toLocaleString("en")} points at this moment. The CSV files have them all.`,
  columns: ["point", "guided x", "guided y", "class at the end", "exact x", "exact y"],
  arrows: "The pulls as numbers",
  arrowsCaption: "The pulls at nine places at this moment, as long as the arrows are drawn.",
  arrowColumns: ["place", "model", "classifier", "both"],
  guidedCsv: "guided points (CSV)",
  exactCsv: "exact draws (CSV)",
  curve: "Distance by scale. Grey: where fresh draws of the exact answer lie.",
  curvePlot: (pairs: string) => `Distance to the exact answer by scale: ${pairs}`,
  scales: "The distances as numbers",
  scalesCaption: "The sliced Wasserstein distance of the guided points to the exact answer.",
  scaleColumns: ["scale", "distance"],
  changed: (names: readonly string[]) => `Changed to what this room allows: ${list(names, ", ")}.`,
};

const zh: typeof en = {
  lead: "模型把带噪的点拉向全部数据，分类器把它们拉向某一类。引导就是把两股拉力相加。",
  data: "数据",
  dataNames: { arms: "旋臂", moons: "双月", clusters: "四团" },
  toward: "拉向",
  className: (name) => `${name} 类`,
  scale: "引导强度 s",
  kind: "引导方式",
  kinds: { classifier: "用分类器", free: "不用分类器" },
  kindNotes: {
    classifier: "加上分类器 log p(c | x) 的梯度。",
    free: "加上同一模型有条件与无条件预测之差（s = 1 + w）。模型精确时，得到的点完全相同。",
  },
  steps: "步数",
  seed: "种子",
  newNoise: "换一批噪声",
  play: "再放一遍",
  guided: "引导得到的点",
  exact: "精确答案",
  pulls: {
    hint: "把光标移到公式的某一项上，对应的箭头就会亮起；点击可保留或隐藏。",
    model: "模型的拉力：指向全部数据",
    classifier: "分类器的拉力：指向该类更可能出现的地方，再乘以 s",
    sum: "合力：点实际走的方向",
  },
  noGuidance: "没有选类别：只有模型在拉。",
  sampling: "正在引导这些点…",
  same: (distance, mean, spread) =>
    `距离 ${distance}：看不出这些点与精确答案的差别。重新抽一批精确样本，距离是 ${mean} ± ${spread}。`,
  far: (distance, mean, spread, times) =>
    `距离 ${distance}：引导偏离了精确答案。重新抽一批精确样本，距离只有 ${mean} ± ${spread}，相差 ${times} 倍。`,
  caption: (classes) =>
    `阴影和右图是人们以为引导会采样的分布：${
      classes.length === 0 ? "p(x)" : `p(x) ${classes.map((name) => `p(${name} | x)ˢ`).join(" ")}`
    }。不选类别、s = 0，或只选一类且 s = 1 时，引导采样的正是它，其余情形都不是。距离指切片 Wasserstein 距离。`,
  paper: "为什么不是：arXiv 2409.13074",
  failed: "没能完成引导。点“再放一遍”可重试。",
  sampler: "采样程序",
  plot: ({ points, classes, scale, logSnr }) =>
    `左：log SNR 为 ${logSnr.toFixed(1)} 时的 ${points} 个点，${
      classes.length === 0 ? "没有引导" : `以强度 ${scale} 拉向 ${list(classes, "、")} 类`
    }，箭头是各股拉力。右：同样多的精确样本，加了同样强的噪声。`,
  numbers: "这些点的数值",
  numbersCaption: (shown, all) =>
    `此刻 ${all.toLocaleString("en")} 个点中的前 ${shown} 个。全部点见 CSV 文件。`,
  columns: ["点", "引导 x", "引导 y", "最终类别", "精确 x", "精确 y"],
  arrows: "拉力的数值",
  arrowsCaption: "此刻九个位置上的拉力，长度与图中箭头一致。",
  arrowColumns: ["位置", "模型", "分类器", "合力"],
  guidedCsv: "引导的点（CSV）",
  exactCsv: "精确样本（CSV）",
  curve: "距离随引导强度的变化。灰色：重新抽取的精确样本所在的范围。",
  curvePlot: (pairs) => `各引导强度下到精确答案的距离：${pairs}`,
  scales: "距离的数值",
  scalesCaption: "引导得到的点到精确答案的切片 Wasserstein 距离。",
  scaleColumns: ["引导强度", "距离"],
  changed: (names) => `以下设置超出范围，已调整：${list(names, "、")}。`,
};

export const words = inLanguage({ en, zh });
