// @ts-check
// What a reader may do with a file: give a result, or an error of ours, in the time and the memory
// that the guide "Limits" promises.

/** Messages of the engine, which name no file and no field. */
const ENGINE = new RegExp(
  [
    "Cannot (read|set|convert|mix|destructure|access|assign|create|delete|add|define)",
    "is not (a function|iterable|defined|a constructor|an object|extensible)",
    "Invalid (typed )?(array|string|count|code point|DataView|Date|time)",
    "Maximum call stack|Array buffer allocation|out of memory|Map maximum size|Set maximum size",
    "out of bounds|outside the bounds|start offset|byte length of|Reduce of empty|BigInt",
    "Unexpected (token|end|number|string)|in JSON at|must be of type|toString\\(\\) radix",
  ].join("|"),
  "i",
);

const OWN_ERRORS = ["GenError", "RangeError", "TypeError", "SyntaxError"];

/**
 * What is wrong with an error, if anything.
 * @param {unknown} error
 * @returns {string | undefined}
 */
export function errorFault(error) {
  if (!(error instanceof Error)) return `not an Error: ${String(error)}`;
  if (!OWN_ERRORS.includes(error.name)) return `${error.name}: ${error.message}`;
  if (ENGINE.test(error.message)) return `the engine's own ${error.name}: ${error.message}`;
  if (error.message.length > 600) return `a message of ${error.message.length} characters`;
  if (/[\n\r]/.test(error.message)) return `a message of several lines: ${error.message}`;
  return undefined;
}

/**
 * The kind of an outcome: its message without numbers, names and values.
 * @param {unknown} error
 */
export const kindOf = (error) =>
  String(error)
    .replace(/(,|:)? got .*$/s, "")
    .replace(/"[^"]*"|\([^)]*\)|\[[^\]]*\]/g, "_")
    .replace(/[\w.+-]*\d[\w.+-]*/g, "0")
    .slice(0, 60);

/** The most processor time, in milliseconds, of a file of so many bytes. @param {number} bytes */
export const mostMilliseconds = (bytes) => 2000 + (3000 * bytes) / 2 ** 20;

/**
 * The most memory, in bytes, that a file may take.
 * @param {number} bytes
 * @param {number} limit The option `limit` of the reader, where it has one.
 */
export const mostMemory = (bytes, limit) => 10 * bytes + 2 ** 26 + limit;
