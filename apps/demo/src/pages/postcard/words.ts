import { inLanguage } from "../../words.ts";

/** A whole number as English writes it. The first use of `Intl` takes longer than all words here. */
const grouped = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

const en = {
  lead: (points: number) =>
    `Type or draw. These ${grouped(points)} random points will find their way to it, here and in every browser that opens your link.`,
  word: "The word",
  placeholder: "your word",
  type: "type",
  draw: "draw instead",
  drawn: "show my drawing",
  toys: { moons: "moons", rings: "rings" },
  csv: "your CSV",
  newNoise: "new noise",
  badFile: (name: string) =>
    `${name} has no points: each line needs two numbers, x and y. Files may have up to 4 MB.`,
  copy: "Copy the link",
  play: "Play again",
  save: "Save",
  formats: { png: "PNG", svg: "SVG", film: "film", csv: "points" },
  copied: (characters: number) =>
    `Copied: ${grouped(characters)} characters that hold the whole picture.`,
  notCopied: "This browser did not copy the link. Here it is:",
  saved: "Saved.",
  recording: "Recording: 4 seconds…",
  noFilm: (n: number) => `This browser records no film. Saved ${n} stills instead.`,
  damaged: "This link is damaged, or of a newer version. Here is another picture.",
  tracing: "Tracing the paths…",
  fact: (steps: number, time: string) =>
    `No network yet: the exact denoiser took ${steps} steps in ${time}.`,
  next: "Now let a network learn it\u00a0→",
  caption:
    "Left: pure noise. Right: your picture. Blue glides (DDIM, η = 0), red wanders (DDPM, η = 1): same start, same seed. Drag to travel in time.",
  plot: (points: number, word: string, logSnr: number) =>
    `${points} points on their way from noise to ${word ? `the word “${word}”` : "the picture"}, at log SNR ${logSnr.toFixed(1)}`,
  numbers: "The points as numbers",
  numbersCaption: (shown: number, all: number) =>
    `The first ${shown} of ${grouped(all)} points at this moment. “Save: points” has them all.`,
  point: "point",
  letters: {
    hint: "Point at a letter: it lights up in the picture and in the code.",
    x0: "x̂₀: where the denoiser believes each point belongs",
    eps: "ε: the noise that the denoiser sees in each point",
    eta: "σ: how much fresh noise a step adds. 0 in DDIM",
    z: "z: fresh noise, which makes DDPM wander",
  },
};

const zh: typeof en = {
  lead: (points) =>
    `输入或手绘。这 ${points} 个随机点会自己走成它；谁打开你的链接，看到的都是同一幅。`,
  word: "词",
  placeholder: "你的词",
  type: "输入",
  draw: "改用手绘",
  drawn: "画好了",
  toys: { moons: "双月", rings: "圆环" },
  csv: "你的 CSV",
  newNoise: "换一份噪声",
  badFile: (name) => `${name} 中没有点：每行需要两个数，即 x 和 y。文件不超过 4 MB。`,
  copy: "复制链接",
  play: "再放一遍",
  save: "保存为",
  formats: { png: "PNG", svg: "SVG", film: "动画", csv: "点坐标" },
  copied: (characters) => `已复制：${characters} 个字符，装下了整幅画。`,
  notCopied: "浏览器未能复制链接，请手动复制：",
  saved: "已保存。",
  recording: "正在录制，约 4 秒……",
  noFilm: (n) => `此浏览器不能录制动画，已改存 ${n} 张静图。`,
  damaged: "链接已损坏，或来自更新的版本。这里显示的是另一幅画。",
  tracing: "正在计算路径……",
  fact: (steps, time) => `尚无网络：精确去噪器走了 ${steps} 步，用时 ${time}。`,
  next: "接着让网络来学\u00a0→",
  caption:
    "左：纯噪声。右：你的画。蓝线平滑（DDIM，η = 0），红线游荡（DDPM，η = 1）：同一起点，同一种子。拖动即可穿越时间。",
  plot: (points, word, logSnr) =>
    `${points} 个点正从噪声走向${word ? `“${word}”` : "画面"}，log SNR 为 ${logSnr.toFixed(1)}`,
  numbers: "点的坐标",
  numbersCaption: (shown, all) =>
    `${all} 个点中的前 ${shown} 个在此刻的坐标；“保存为：点坐标”含全部。`,
  point: "点",
  letters: {
    hint: "指向一个字母：它会在图中和代码里一起亮起。",
    x0: "x̂₀：去噪器认为每个点该去的地方",
    eps: "ε：去噪器在每个点里看到的噪声",
    eta: "σ：每一步加入多少新噪声；DDIM 中为 0",
    z: "z：新噪声，DDPM 因它而游荡",
  },
};

/** The strings of the postcard. */
export const words = inLanguage({ en, zh });
