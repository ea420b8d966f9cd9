import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { allEngines } from "../browser/engines.ts";
import { errorFault } from "./judge.mjs";
import { mutate, randomSource } from "./mutate.mjs";

const script = fileURLToPath(new URL("run.mjs", import.meta.url));

/** The results of `npm run fuzz -- --json` with these arguments. */
async function fuzz(...args: string[]) {
  const run = promisify(execFile)(process.execPath, [script, "--json", ...args]);
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  return JSON.parse(stdout).results as { reader: string; inputs: number; findings: unknown[] }[];
}

describe("the readers", () => {
  it("refuse or read each past fault, in the time and memory that they promise", async () => {
    const results = await fuzz("--replay");
    expect(results.flatMap(({ findings }) => findings)).toEqual([]);
    expect(results.reduce((sum, { inputs }) => sum + inputs, 0)).toBeGreaterThan(35);
  });

  it("read random and damaged files, longer with `npm run test:all`", async () => {
    const names = ["png", "jpeg", "webp", "npy", "npz", "idx", "csv", "safetensors"];
    names.push("scheduler-config", "model-index", "part-config", "training-json", "onnx");
    names.push(
      "tokenizer",
      "merges",
      "lora",
      "onnx-headers",
      "onnx-layout",
      "png-settings",
      "embedding",
      "preprocessor-config",
      "postcard-link",
      "postcard-points",
      "web-ui-settings",
    );
    const seconds = allEngines ? "5" : "1";
    const results = await fuzz(...names, "--seconds", seconds, "--seed", "1");
    expect(results.map(({ reader }) => reader)).toEqual(names);
    for (const { reader, inputs, findings } of results) {
      expect(findings, reader).toEqual([]);
      expect(inputs, reader).toBeGreaterThan(100);
    }
  });
});

describe("the fuzzer", () => {
  it("makes equal files from equal seeds", () => {
    const files = (seed: number) => {
      const random = randomSource(seed);
      const first = random.bytes(100);
      return Array.from({ length: 200 }, () => mutate(random, first, [first], ["ab"]));
    };
    expect(files(1)).toEqual(files(1));
    expect(files(1)).not.toEqual(files(2));
  });

  it("finds the errors of the engine, and lets ours pass", () => {
    const raw: (() => unknown)[] = [
      () => (undefined as unknown as { x: number }).x,
      () => (undefined as unknown as () => void)(),
      () => new Float32Array(2 ** 53),
      () => new Float32Array(-1),
      () => new Uint8Array(4).set(new Uint8Array(5)),
      () => new DataView(new ArrayBuffer(1)).getUint32(0),
      () => JSON.parse("{"),
      () => BigInt(0.5),
      () => "a".repeat(2 ** 30),
      () => [...(1 as unknown as number[])],
      () => {
        const recurse = (): number => 1 + recurse();
        return recurse();
      },
    ];
    for (const run of raw) {
      expect(errorFault(errorOf(run)), String(run)).toMatch(/^the engine's own/);
    }
    expect(errorFault(new Error("any"))).toBe("Error: any");
    expect(errorFault("text")).toBe("not an Error: text");
    expect(errorFault(new RangeError("eta must be in [0, 1], got 1.5"))).toBeUndefined();
  });
});

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
