/** A number as a page shows it. Another number matches if it rounds to the same digits. */
class RoundedNumber {
  readonly value: number;
  readonly tolerance: number;

  constructor(text: string) {
    this.value = Number(text);
    const [, decimals = "", exponent = "0"] = /\.(\d+)(?:e([-+]?\d+))?$/.exec(text) ?? [];
    const unit = 10 ** (Number(exponent) - decimals.length);
    this.tolerance = decimals === "" ? 0 : unit / 2 + Math.abs(this.value) * 1e-12;
  }
}

/** Parses the value that a page shows. Its numbers become {@link RoundedNumber}. */
function parse(literal: string): unknown {
  const source = literal.replace(
    /"[^"]*"|[A-Za-z_$][\w$]*|-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/g,
    (token) => (/^-?\d/.test(token) ? `rounded("${token}")` : token),
  );
  return new Function("rounded", `"use strict"; return (${source});`)(
    (text: string) => new RoundedNumber(text),
  );
}

function matches(actual: unknown, shown: unknown): boolean {
  if (shown instanceof RoundedNumber) {
    return (
      (typeof actual === "number" || typeof actual === "bigint") &&
      Math.abs(Number(actual) - shown.value) <= shown.tolerance
    );
  }
  if (typeof shown !== "object" || shown === null) return Object.is(actual, shown);
  if (typeof actual !== "object" || actual === null) return false;
  if (Array.isArray(shown)) {
    const list = Array.from(actual as ArrayLike<unknown>);
    return list.length === shown.length && list.every((v, i) => matches(v, shown[i]));
  }
  const keys = Object.keys(shown);
  return (
    Object.keys(actual).length === keys.length &&
    keys.every((k) => matches((actual as Record<string, unknown>)[k], shown[k as never]))
  );
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, v) => (ArrayBuffer.isView(v) ? Array.from(v as never) : v));

/** @throws Error when `actual` differs from what the page shows. */
export function __shows(actual: unknown, shown: string): void {
  if (!matches(actual, parse(shown)))
    throw new Error(`the page shows ${shown}, got ${text(actual)}`);
}

/** @throws Error when `run` does not throw an error with the message that the page shows. */
export async function __throws(run: () => unknown, message: string): Promise<void> {
  try {
    await run();
  } catch (error) {
    const { message: actual } = error as Error;
    if (actual === message) return;
    throw new Error(`the page shows the error ${message}, got ${actual}`);
  }
  throw new Error(`the page shows the error ${message}, but nothing was thrown`);
}
