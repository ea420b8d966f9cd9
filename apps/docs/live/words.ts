/** The words of live examples in both languages. */
const english = {
  run: "Run",
  stop: "Stop",
  reset: "Reset",
  editor: "The example's code",
  help: "Ctrl+Enter runs the code. Esc, then Tab leaves the editor. show(x, [n, 2]) draws points, and show(x, [n, c, h, w]) pictures.",
  output: "Output",
  printed: "Printed",
  line: "Line",
  code: "Code",
  here: "Here",
  page: "On the page",
  equal: "equal",
  different: "different",
  loading: "Loading the packages …",
  running: "Running …",
  slow: "Still running after 20 s. Stop ends it.",
  done: (seconds: string, right: number, all: number) => {
    const time = `Finished in ${seconds} s.`;
    if (all === 0) return time;
    if (right < all) return `${time} ${right} of ${all} results hold.`;
    return `${time} ${all === 1 ? "The result holds." : `All ${all} results hold.`}`;
  },
  stopped: "Stopped.",
  failed: "The code has an error.",
  flood: "Stopped: more than 1,000 lines or 1 MB of output.",
  atLine: (line: number) => `line ${line}`,
  points: (count: number, drawn: number) =>
    drawn < count ? `${count} points; the first ${drawn} are drawn` : `${count} points`,
  range: (x: string, y: string) => `x: ${x}, y: ${y}`,
  pictures: (count: number, drawn: number, size: string) => {
    const noun = count === 1 ? "picture" : "pictures";
    return `${count} ${noun} of ${size}${drawn < count ? `; the first ${drawn} are drawn` : ""}`;
  },
};

export type LiveWords = typeof english;

const chinese: LiveWords = {
  run: "运行",
  stop: "停止",
  reset: "还原",
  editor: "示例代码",
  help: "Ctrl+Enter 运行；按 Esc 再按 Tab 离开编辑框。show(x, [n, 2]) 画出点，show(x, [n, c, h, w]) 画出图像。",
  output: "输出",
  printed: "打印",
  line: "行",
  code: "代码",
  here: "本机结果",
  page: "书中结果",
  equal: "一致",
  different: "不一致",
  loading: "正在载入软件包……",
  running: "正在运行……",
  slow: "已运行 20 秒，尚未结束，可以停止。",
  done: (seconds, right, all) => {
    const time = `用时 ${seconds} 秒。`;
    if (all === 0) return time;
    if (right < all) return `${time}${all} 个结果中有 ${right} 个一致。`;
    return `${time}${all} 个结果${all === 1 ? "" : "全部"}一致。`;
  },
  stopped: "已停止。",
  failed: "代码有错误。",
  flood: "已停止：输出超过 1000 行或 1 MB。",
  atLine: (line) => `第 ${line} 行`,
  points: (count, drawn) => (drawn < count ? `${count} 个点，画出前 ${drawn} 个` : `${count} 个点`),
  range: (x, y) => `x：${x}，y：${y}`,
  pictures: (count, drawn, size) =>
    `${count} 幅 ${size} 图像${drawn < count ? `，画出前 ${drawn} 幅` : ""}`,
};

/** The words for a page's language, such as `zh-CN`. */
export const liveWords = (language: string): LiveWords =>
  language.startsWith("zh") ? chinese : english;
