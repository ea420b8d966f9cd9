/**
 * The LaTeX of a formula in plain text, as docs/tutorial-map.md writes it: one for each part between
 * semicolons.
 */
export const latexOf = (formula: string): string[] =>
  // A semicolon within parentheses belongs to its formula: N(x; mu, sigma^2).
  formula.split(/; (?![^()]*\))/).map(latexOfPart);

const latexOfPart = (part: string): string =>
  roots(part)
    .replace(/\b([ab])bar(?![a-z])/g, (_, letter) => `\\bar ${letter === "a" ? "alpha" : "beta"}`)
    .replace(/_theta\b/g, "_{theta}")
    .replaceAll("||", "\\| ")
    // Not \mid, after which a line may break.
    .replace(/(?<!\\)\|/g, "\\,|\\,")
    .replace(/\bKL\(/g, "\\mathrm{KL}(")
    .replace(/\bN\(/g, "\\mathcal{N}(")
    .replace(/\bE_/g, "\\mathbb{E}_")
    .replace(/\b(sum|prod)_/g, "\\$1_")
    .replace(/\bint (?=int)/g, "\\int\\! ")
    .replace(/\bint /g, "\\int ")
    .replace(/\b(log|ln)\b/g, "\\$1 ")
    .replace(/ d([xz])\b/g, " \\,d$1")
    .replaceAll("1/2 ", "\\tfrac{1}{2} ")
    .replace(/\.{2,3}/g, "\\ldots ")
    .replaceAll("~", "\\sim ")
    .replace(/\b(alpha|beta|epsilon|kappa|lambda|mu|pi|sigma|Sigma|theta)(?![a-z])/g, "\\$1 ");

/** `sqrt(...)` as a root, also within another. */
function roots(text: string): string {
  const start = text.indexOf("sqrt(");
  if (start < 0) return text;
  let depth = 1;
  let end = start + 5;
  for (; depth > 0 && end < text.length; end++) {
    if (text[end] === "(") depth++;
    if (text[end] === ")") depth--;
  }
  const inside = roots(text.slice(start + 5, end - 1));
  return `${text.slice(0, start)}\\sqrt{${inside}}${roots(text.slice(end))}`;
}
