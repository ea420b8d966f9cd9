/*
 * Large arrays between threads and processes. A copy of 200 MB takes a tenth of a second, in which
 * no timer fires, so an array of more than `partBytes` is cut:
 *
 *   array -> part, part, ... -> a message that refers to it -> array
 *
 *   const { parts, reference } = cutArray(array); // one side sends the parts, then the reference
 *   const kept = collectParts();                  // the other side adds the parts,
 *   kept.add(part); kept.take(reference);         // and takes the array
 */
import type { TensorData } from "@gen/graph";

/** The most bytes of one part. A process pipe copies them in about 2 ms. */
const partBytes = 2 ** 20;

const kinds = {
  Float32Array,
  Float64Array,
  Uint16Array,
  Int32Array,
  BigInt64Array,
  Uint8Array,
} as const;
type Kind = keyof typeof kinds;

/** Stands in a message for an array that was sent in parts. */
export interface ArrayReference {
  readonly array: number;
  readonly kind: Kind;
  readonly byteLength: number;
}

/** Some of an array's bytes, from `at` on. */
export interface ArrayPart {
  readonly part: ArrayReference;
  readonly at: number;
  readonly bytes: Uint8Array;
}

let arrays = 0;

/** The parts of an array that is too large for one message; undefined for a smaller array. */
export function cutArray(
  array: ArrayBufferView,
): { reference: ArrayReference; parts: Iterable<ArrayPart> } | undefined {
  const { buffer, byteOffset, byteLength } = array;
  const kind = array.constructor.name as Kind;
  if (byteLength <= partBytes || !(kind in kinds)) return undefined;
  arrays++;
  const reference = { array: arrays, kind, byteLength };
  // Each part is copied when it is asked for.
  function* parts(): Generator<ArrayPart> {
    for (let at = 0; at < byteLength; at += partBytes) {
      const length = Math.min(partBytes, byteLength - at);
      const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset + at, length).slice();
      yield { part: reference, at, bytes };
    }
  }
  return { reference, parts: parts() };
}

/** Puts arrays together from their parts. */
export function collectParts() {
  const arrays = new Map<number, TensorData>();
  return {
    add({ part, at, bytes }: ArrayPart): void {
      let array = arrays.get(part.array);
      if (!array) {
        array = new kinds[part.kind](new ArrayBuffer(part.byteLength));
        arrays.set(part.array, array);
      }
      new Uint8Array(array.buffer).set(bytes, at);
    },
    /** The array of a reference, which is forgotten; anything else as it is. */
    take<V>(value: V): V {
      const { array } = Object(value) as Partial<ArrayReference>;
      const whole = arrays.get(array as number);
      if (!whole) return value;
      arrays.delete(array as number);
      return whole as V;
    },
  };
}
