/**
 * What transformers does to a prompt before it is split, where @huggingface/tokenizers 0.2 does
 * something else. `JavaScript's own` differs in three places: `toLowerCase` looks at the letters
 * around a sigma, `trim` has another list of spaces, and the library replaces the charsmap of a
 * sentencepiece model by NFKC.
 */

/** Each code point in lower case, whatever stands beside it, as the fast tokenizers do. */
export const lowercase = (text: string): string => {
  const lower = text.toLowerCase();
  // Only a sigma depends on what stands beside it.
  return lower.includes("ς") ? Array.from(text, (point) => point.toLowerCase()).join("") : lower;
};

/** Takes Unicode's white space off the ends. */
export const strip = (text: string, left: boolean, right: boolean): string => {
  const start = left ? text.replace(/^\p{White_Space}+/u, "") : text;
  if (!right) return start;
  let end = start.length;
  while (end > 0 && /\p{White_Space}/u.test(start[end - 1])) end--;
  return start.slice(0, end);
};

/**
 * What `CLIPTokenizer` without ftfy does (`BasicTokenizer` in transformers 4.57): control characters
 * go, each Chinese character becomes a word, then NFC, single spaces and lower case.
 */
export const cleanedForClip = (text: string): string =>
  text
    .replace(/\p{Zs}|[\t\n\r]/gu, " ")
    .replace(/[\p{C}\ufffd]/gu, "")
    .replace(CHINESE, " $& ")
    .normalize("NFC")
    .split(/\p{White_Space}+/u)
    .filter((word) => word !== "")
    .map((word) => word.toLowerCase())
    .join(" ");

const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
