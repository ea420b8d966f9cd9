import { readFileSync } from "node:fs";

/** Bytes of a file that tooling/datasets/build-fixtures.py wrote with numpy, safetensors or Pillow. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));
}

/** What `run` throws; fails the test when it throws nothing. */
export function thrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
