import type { WasmLoops } from "@gen/graph/loops";
import { GenError } from "@gen/math";
import type { OrtTensor } from "./runtime.ts";

/** One memory of compiled loops. */
export interface LoopsMemory {
  /** The elements of each region, by its name. */
  readonly regions: Readonly<Record<string, Float32Array>>;
  /** The tensors that are alive in it, by the names of their regions. */
  readonly residents: Map<string, OrtTensor>;
  /** Functions that compute the outputs, one after the other; none takes long. */
  readonly parts: readonly (() => void)[];
}

interface WebAssemblyHere {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object): Promise<{
    exports: { memory: { buffer: ArrayBuffer } } & Readonly<Record<string, () => void>>;
  }>;
}

/** An engine that has no memory left throws a RangeError. */
const refusal = (regions: WasmLoops["regions"]) => (cause: Error) => {
  if (!(cause instanceof RangeError)) throw cause;
  const ends = Object.values(regions).map(({ offset, length }) => offset + 4 * length);
  const message = `the outputs in place need ${Math.max(...ends)} bytes of memory: ${cause.message}`;
  throw new GenError("backend-failed", message, { cause });
};

/**
 * Compiles loops. Gives their first memory and a function that makes more; undefined where the page
 * or the engine does not allow it.
 * @throws GenError `backend-failed` with the bytes, when the engine has no memory for them.
 */
export async function compileLoops({ bytes, parts, regions }: WasmLoops) {
  const { WebAssembly } = globalThis as unknown as { WebAssembly?: WebAssemblyHere };
  if (!WebAssembly) return undefined;
  try {
    const module = await WebAssembly.compile(bytes);
    const another = async (): Promise<LoopsMemory> => {
      const instance = await WebAssembly.instantiate(module).catch(refusal(regions));
      const { memory, ...exports } = instance.exports;
      const views = Object.entries(regions).map(([name, { offset, length }]) => [
        name,
        new Float32Array(memory.buffer, offset, length),
      ]);
      return {
        regions: Object.fromEntries(views),
        residents: new Map(),
        parts: Array.from({ length: parts }, (_, k) => exports[`run${k}`]),
      };
    };
    return { first: await another(), another };
  } catch (error) {
    if (error instanceof GenError) throw error;
    return undefined;
  }
}
