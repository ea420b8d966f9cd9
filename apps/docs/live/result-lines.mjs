// @ts-check
// The lines of an example that show a result: `EXPRESSION; // => VALUE` and
// `EXPRESSION; // throws MESSAGE`. Each becomes a call that checks the value or the error.

/** A line that shows a result, in its parts. */
const RESULT = /^( *)(.*); \/\/ (=>|throws) (.+)$/;

/**
 * Turns the comments that show results into calls of `__shows` and `__throws`.
 *
 * @param {string} code
 * @param {object} [options]
 * @param {boolean} [options.numbered] whether each call gets the number of its line, from 1
 * @param {boolean} [options.lenient] whether a result that cannot be checked remains a comment
 * @returns {string} code with the same number of lines
 * @throws Error when a result does not follow a statement of one line.
 */
export function withChecks(code, { numbered = false, lenient = false } = {}) {
  return code
    .split("\n")
    .map((line, i) => {
      if (!/\/\/ (=>|throws)/.test(line)) return line;
      const [, indent, statement, kind, shown] = RESULT.exec(line) ?? [];
      if (!statement || /^[)}\]]/.test(statement)) {
        if (lenient) return line;
        throw new Error(`a result must follow a statement of one line, got: ${line.trim()}`);
      }
      const more = numbered ? `, ${i + 1}` : "";
      const text = `${JSON.stringify(shown)}${more}`;
      if (kind === "throws") return `${indent}await __throws(async () => ${statement}, ${text});`;
      const [, name] = /^const (\w+)\b/.exec(statement) ?? [];
      if (name) return `${indent}${statement}; __shows(${name}, ${text});`;
      return `${indent}__shows(${statement}, ${text});`;
    })
    .join("\n");
}

/** The expression of a line that shows a result, for people. @param {string} line */
export const expressionOf = (line) =>
  (RESULT.exec(line)?.[2] ?? line).trim().replace(/^const (\w+) = .*$/, "$1");
