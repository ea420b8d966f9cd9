import type { Language } from "./written-parts.ts";

/** The words around the command's own texts on its pages. */
export const cliWords = {
  en: {
    usage: "Usage",
    argument: "Argument",
    options: "Options",
    samplers: "Samplers",
    notes: "Notes",
    examples: "Examples",
    takes: "Takes",
    byDefault: "Default",
    listOf: (names: readonly string[]) =>
      names.length > 1 ? `one of ${names.join(", ")}` : names.join(),
    aSampler: "one of the [samplers](./sample.md#sampler-list)",
    seeSamplers: "The [samplers](./sample.md#sampler-list) are listed with `gen sample`.",
    text: "a text",
    sampler: "sampler",
    method: "method",
    command: "command",
    commands: "Commands",
    does: "what it does",
    stop: ".",
  },
  zh: {
    usage: "用法",
    argument: "参数",
    options: "选项",
    samplers: "采样器",
    notes: "说明",
    examples: "示例",
    takes: "取值",
    byDefault: "默认",
    listOf: (names: readonly string[]) => names.join("、"),
    aSampler: "[采样器](./sample.md#sampler-list)之一",
    seeSamplers: "各[采样器](./sample.md#sampler-list)列在 `gen sample` 的页面上。",
    text: "文本",
    sampler: "采样器",
    method: "方法",
    command: "命令",
    commands: "各命令",
    does: "作用",
    stop: "。",
  },
} as const satisfies Record<Language, object>;

/** What the command says that a value must be, in Chinese. */
const values: Readonly<Record<string, string>> = {
  "a path": "路径",
  "a text that is not empty": "非空的文本",
  "an http or https URL, such as http://localhost:8000":
    "http 或 https 的 URL，如 http://localhost:8000",
  "an address such as redis://127.0.0.1:6379": "地址，如 redis://127.0.0.1:6379",
  "a queue's name, or an address such as redis://127.0.0.1:6379":
    "队列的名称，或地址，如 redis://127.0.0.1:6379",
  "backends with commas between, such as onnx/node-cuda,onnx/node-cpu":
    "后端，用逗号分隔，如 onnx/node-cuda,onnx/node-cpu",
  "an origin, such as https://example.com": "网页来源，如 https://example.com",
  "two numbers, the lower first, such as 0,1": "两个数，小的在前，如 0,1",
  "a width, or a width and a height, such as 64x48": "宽，或宽和高，如 64x48",
  "a name and a positive whole number, as height=64": "名称和正整数，如 height=64",
  "a name and a file, as context=states.npy": "名称和文件，如 context=states.npy",
  "a file, or a file and a strength, as fox.safetensors:0.8":
    "文件，或文件和强度，如 fox.safetensors:0.8",
  "a file, or a word and a file, as fox=fox.safetensors":
    "文件，或词和文件，如 fox=fox.safetensors",
  "a folder and a picture, perhaps a scale, perhaps two shares of the steps in [0, 1], as canny:edges.png:0.8:0-0.5":
    "文件夹和图片，可再加强度，以及 [0, 1] 内的两个步数比例，如 canny:edges.png:0.8:0-0.5",
  "cosine, linear, constant, or step:STEPS:FACTOR with a factor in (0, 1], such as step:1000:0.5":
    "cosine、linear、constant，或 step:步数:倍数，倍数在 (0, 1] 内，如 step:1000:0.5",
  "a time with its unit, such as 30s, 10m or 2h": "时间和单位，如 30s、10m 或 2h",
  "jsonl, tensorboard, or both: jsonl,tensorboard": "jsonl、tensorboard，或两者：jsonl,tensorboard",
  "whole numbers of at least 2 with commas between, whose product is at most 65536, such as 8,5,5,5":
    "不小于 2 的整数，用逗号分隔，乘积不超过 65536，如 8,5,5,5",
  "flip, shift:PIXELS, rotate:DEGREES up to 180, dequantize, or several with commas, such as flip,shift:2":
    "flip、shift:像素数、rotate:度数（至多 180）、dequantize，或用逗号列出多个，如 flip,shift:2",
  "whole numbers with commas, such as 3,17": "用逗号隔开的整数，如 3,17",
  "a class, or numbers of classes, such as 3,7": "类别，或多个类别的编号，如 3,7",
  "a sampler or several with commas, such as ddim,unipc":
    "采样器，或用逗号分隔的多个采样器，如 ddim,unipc",
  "a step count or several with commas, such as 5,10,20":
    "步数，或用逗号分隔的多个步数，如 5,10,20",
};

/** What the command says that a value must be, in a language of the docs. */
export function valueText(rule: string, language: Language): string {
  const [, whole, bounds] = /^a (whole )?number (?:in|of at least) (.*)$/.exec(rule) ?? [];
  const grouped = rule.replace(/\d{5,}/g, (digits) => Number(digits).toLocaleString("en-US"));
  if (language === "en") return grouped;
  if (bounds === undefined) {
    if (values[rule] === undefined) throw new Error(`no Chinese text for: ${rule}`);
    return values[rule];
  }
  const kind = whole ? "整数" : "数";
  const [, low] = /of at least (.*)$/.exec(grouped) ?? [];
  if (low !== undefined) return `不小于 ${low} 的${kind}`;
  return `${grouped.replace(/^.*? in /, "")} 内的${kind}`;
}
