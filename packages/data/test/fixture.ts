import { readFileSync } from "node:fs";

/** A file that tooling/datasets/build-fixtures.py wrote with numpy, safetensors or Pillow. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));
}

/** Returns the error of `run`. Fails the test when there is none. */
export function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
