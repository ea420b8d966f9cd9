/**
 * Splits a text into words for the search index. Words end at characters other than letters and
 * numbers. The platform's segmenter splits Chinese.
 *
 * VitePress sends this function to the browser as source text, so it uses nothing from outside.
 */
export function tokenize(text: string): string[] {
  const split = text.split(/[^\p{L}\p{N}_]+/u).filter((word) => word !== "");
  const han = /\p{Script=Han}/u;
  if (!("Segmenter" in Intl) || !han.test(text)) return split;
  const segmenter = new Intl.Segmenter("zh", { granularity: "word" });
  return split.flatMap((word) =>
    han.test(word) ? Array.from(segmenter.segment(word), ({ segment }) => segment) : [word],
  );
}
