import type { Words } from "./words-en.ts";

export const zh: Words = {
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
    `距离 ${distance}：看不出这些点与精确答案的差别。重新抽一批精确样本，距离是 ${mean}\u00a0±\u00a0${spread}。`,
  far: (distance, mean, spread, times) =>
    `距离 ${distance}：引导偏离了精确答案。重新抽一批精确样本，距离只有 ${mean}\u00a0±\u00a0${spread}，相差 ${times} 倍。`,
  caption: (classes) =>
    `阴影和右图是人们以为引导会采样的分布：${
      classes.length === 0
        ? "p(x)"
        : `p(x) ${classes.map((name) => `p(${name}\u00a0|\u2060\u00a0x)ˢ`).join(" ")}`
    }。不选类别、s\u00a0=\u00a00，或只选一类且 s\u00a0=\u00a01 时，引导采样的正是它，其余情形都不是。距离指切片 Wasserstein 距离。`,
  paper: "为什么不是：arXiv 2409.13074",
  failed: "没能完成引导。点“再放一遍”可重试。",
  sampler: "采样程序",
  plot: ({ points, classes, scale, logSnr }) =>
    `左：log SNR 为 ${logSnr.toFixed(1)} 时的 ${points} 个点，${
      classes.length === 0 ? "没有引导" : `以强度 ${scale} 拉向 ${classes.join("、")} 类`
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
  changed: (names) => `以下设置超出范围，已调整：${names.join("、")}。`,
};
