import { sameAsShown } from "../live/shown-values.ts";

const text = (value: unknown): string =>
  JSON.stringify(value, (_, v) => (ArrayBuffer.isView(v) ? Array.from(v as never) : v));

/** @throws Error when `actual` differs from what the page shows. */
export function __shows(actual: unknown, shown: string): void {
  if (!sameAsShown(actual, shown)) throw new Error(`the page shows ${shown}, got ${text(actual)}`);
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
