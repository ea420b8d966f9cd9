/** The paper's numbers: nats of the 10,000 test images, by draws in training. */
const paper = { 1: 86.76, 5: 85.54, 50: 84.78 };

/** The table as Markdown. */
export function markdownTable(rows, { images, samples }) {
  const hours = (seconds) => (seconds / 3600).toFixed(2);
  return [
    `Negative log likelihood in nats, ${images} test images, bounds of ${samples} samples:`,
    "",
    "| k | paper, 3,280 epochs | here | standard error | epochs | hours of processor time |",
    "|---|---|---|---|---|---|",
    ...rows.map(({ k, epochs, nll, standardError, curve, evaluation }) => {
      const cpu = hours((curve.at(-1)?.cpu ?? 0) + evaluation);
      return `| ${k} | ${paper[k]} | ${nll.toFixed(2)} | ${standardError.toFixed(2)} | ${epochs} | ${cpu} |`;
    }),
    "",
  ].join("\n");
}
