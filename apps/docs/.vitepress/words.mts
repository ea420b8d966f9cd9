/**
 * The words of a text as the search index keeps them: split at whatever is no letter or number,
 * Chinese besides into the words that the platform's segmenter finds.
 *
 * VitePress sends this function to the browser as text: it uses nothing from outside itself.
 */
export function words(text: string): string[] {
  const split = text.split(/[^\p{L}\p{N}_]+/u).filter((word) => word !== "");
  const han = /\p{Script=Han}/u;
  if (!("Segmenter" in Intl) || !han.test(text)) return split;
  const segmenter = new Intl.Segmenter("zh", { granularity: "word" });
  return split.flatMap((word) =>
    han.test(word) ? Array.from(segmenter.segment(word), ({ segment }) => segment) : [word],
  );
}
