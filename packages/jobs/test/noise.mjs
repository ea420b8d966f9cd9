// @ts-check
import { setTimeout } from "node:timers/promises";
import { normalNoise } from "@gen/math";

/**
 * The kind of the tests: normals keyed by seed and item, in batches that take some time.
 *
 * @type {import("@gen/jobs").OpenKind}
 */
export const noise = async ({ count, options }) => {
  const { seed, size, batch, delay, poison } = /** @type {Record<string, number>} */ (options);
  return {
    async draw({ from, to }, signal) {
      const [begin, end] = [from, to].map((at) => Math.min(count, batch * Math.ceil(at / batch)));
      const data = new Float32Array((end - begin) * size);
      for (let first = begin; first < end; first += batch) {
        if (first === poison) throw new Error(`item ${first} is poison`);
        await setTimeout(delay, undefined, { signal: /** @type {AbortSignal} */ (signal) });
        const rows = Math.min(batch, end - first);
        const indices = Array.from({ length: rows }, (_, i) => first + i);
        const values = normalNoise({ seed, purpose: "initial", indices, size });
        data.set(values, (first - begin) * size);
      }
      return { rows: { x: { data, shape: [end - begin, size] } }, facts: { seed } };
    },
    close: async () => undefined,
  };
};
