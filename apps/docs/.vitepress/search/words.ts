/*
 * The words of a text, for the index and for a query. A word of a Latin script is its stem. Chinese
 * has no spaces, and engines have different dictionaries, so the index has each pair of neighboring
 * characters: 噪声调度 is 噪声, 声调, 调度. The last character is a word too, so a search by the one
 * character 熵 finds 交叉熵.
 */

const stopWords = new Set(
  "a an and are as at be by do does each for from how i in is it its my not of on one or s own that the this to use what when which why with without you your".split(
    " ",
  ),
);

/** Chinese words that say nothing of what is looked for. */
const chineseStopWords = new Set(
  "的 了 是 在 用 和 与 或 我 你 它 把 被 给 对 从 到 为 吗 呢 太 很 多 怎么 怎样 如何 什么 什么是 为什么 自己 哪个 哪些 可以 不能 一个 没有 使用".split(
    " ",
  ),
);

/** A run of Chinese characters, or of other letters and digits. */
const runs = /\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}_])+/gu;
const isHan = (run: string) => /^\p{Script=Han}/u.test(run);
const isStop = (word: string) => stopWords.has(word) || chineseStopWords.has(word);

/** One word of a query: its forms, each of which is a list of terms of the index. */
export interface Word {
  /** Whether the word says nothing of what is looked for, as "how" and 如何. */
  readonly isStop: boolean;
  readonly forms: readonly (readonly string[])[];
}

/** The terms of a text in the index. */
export function termsOf(text: string): string[] {
  return runsOf(text).flatMap((run) => {
    if (isHan(run)) return [...pairs(run), Array.from(run).at(-1) ?? ""];
    const parts = partsOf(run);
    return [stem(run), ...(parts.length > 1 ? parts : [])].filter((term) => !isStop(term));
  });
}

/** The words of a query. */
export const wordsOf = (text: string): Word[] => runsOf(text).flatMap(splitRun).map(wordOf);

/** The words of a name, whose characters stand together. */
export const nameWords = (name: string): Word[] => runsOf(name).map(wordOf);

/** A word of another script, or one Chinese character, with the form in which names are compared. */
export interface Token {
  readonly text: string;
  readonly stem: string;
}

export const tokensOf = (text: string): Token[] =>
  runsOf(text)
    .flatMap((run) => (isHan(run) ? Array.from(run) : [run]))
    .map((text) => ({ text, stem: isHan(text) ? text : stem(text) }));

/** Tokens as a text, in which neighboring characters are together. */
export const joined = (tokens: readonly Token[]): string =>
  tokens.map(({ text }) => (isHan(text) ? text : ` ${text} `)).join("");

/** The stem of an English word: `reparameterisations` and `reparameterizing` are one. */
export function stem(run: string): string {
  const word = fold(run).replace(/(?<=...)iz(?=[aei])/g, "is");
  if (!/^[a-z]{4,}$/.test(word)) return word;
  const singular = word
    .replace(/(ss|x|ch|sh)es$/, "$1")
    .replace(/ies$/, "y")
    .replace(/(?<=[^aisu])s$/, "");
  const base = singular
    .replace(/(?<=...is)(ation|ing|ed|er)$/, "")
    .replace(/(?<=[a-z]{4})(ations?|ating|ated?)$/, "")
    .replace(/(?<=[aeiouy][a-z]*[a-z])(ing|ed)$/, "")
    .replace(/(?<=[a-z]{3})our$/, "or");
  const short = base.length < 3 ? singular : base;
  return short
    .replace(/([bdgmnprt])\1$|(?<=[a-z]{4})(l)\2$/, "$1$2")
    .replace(/(?<=[a-z]{2})e$/, "")
    .replace(/(?<=[a-z]{2})y$/, "i");
}

/** A text in pieces, and whether a piece is one of the found terms. */
export function markedPieces(text: string, terms: readonly string[]): [string, boolean][] {
  const found = new Set(terms);
  return text.split(/(\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}_])+)/u).flatMap((piece) => {
    if (piece === "") return [];
    if (!isHan(piece)) return [[piece, termsOf(piece).some((term) => found.has(term))]];
    const letters = Array.from(piece);
    const isMarked = letters.map((letter, i) =>
      [letters[i - 1] + letter, letter + letters[i + 1]].some((pair) => found.has(pair)),
    );
    return letters.map((letter, i): [string, boolean] => [letter, isMarked[i]]);
  });
}

const runsOf = (text: string): string[] => text.normalize("NFKC").match(runs) ?? [];

const fold = (text: string) =>
  text
    .normalize("NFD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase();

function pairs(run: string): string[] {
  const letters = Array.from(run);
  return letters.slice(1).map((letter, i) => letters[i] + letter);
}

/** The parts of a name: `posteriorCoefficients` is posterior and coefficients. */
function partsOf(name: string): string[] {
  if (/^[A-Z]+s?$/.test(name)) return [name];
  const parts = name.match(/[A-Z]+(?![a-z])|[A-Z]?[^A-Z_\d]+|\d+/g) ?? [];
  return parts.filter((part) => part.length > 1).map(stem);
}

function splitRun(run: string): string[] {
  if (!isHan(run) || !("Segmenter" in Intl)) return [run];
  const segmenter = new Intl.Segmenter("zh", { granularity: "word" });
  const words: string[] = [];
  let isSingle = false;
  for (const { segment } of segmenter.segment(run)) {
    // The dictionary lacks words of the field, and leaves their characters alone.
    const single = segment.length === 1 && !isStop(segment);
    if (single && isSingle) words.push(words.pop() + segment);
    else words.push(segment);
    isSingle = single;
  }
  return words;
}

function wordOf(run: string): Word {
  if (isHan(run)) return { isStop: isStop(run), forms: [run.length > 1 ? pairs(run) : [run]] };
  const parts = partsOf(run);
  const whole = stem(run);
  const forms = parts.length > 1 ? [[whole], parts] : [[whole]];
  return { isStop: isStop(fold(run)), forms };
}
