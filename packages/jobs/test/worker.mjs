// @ts-check
/*
 * A worker in a process of its own, which tests kill. Its kind draws normals keyed by seed and item,
 * in batches that take some time. GEN_TEST_WORKER has its settings as JSON.
 */
import { folderStore, openQueue, work } from "@gen/jobs";
import { normalNoise } from "@gen/math";
import { setTimeout } from "node:timers/promises";

const { redis, store, cache, name, lease, patience, broken, drain } = JSON.parse(
  process.env.GEN_TEST_WORKER ?? "{}",
);
const queue = await openQueue({ redis });

/** A store whose writes fail for some seconds. */
function failing(kept) {
  if (!broken) return kept;
  const end = performance.now() + 1000 * broken.seconds;
  const write = async (...given) => {
    if (performance.now() < end)
      throw Object.assign(new Error(broken.message), { code: broken.code, syscall: "write" });
    return kept.write(...given);
  };
  return { ...kept, write };
}

/** Opens the kind `noise`. @type {import("@gen/jobs").OpenKind} */
async function noise({ count, options }) {
  const { seed, size, batch, delay, poison } = /** @type {Record<string, number>} */ (options);
  return {
    async draw({ from, to }, signal) {
      const [begin, end] = [from, to].map((at) => Math.min(count, batch * Math.ceil(at / batch)));
      const data = new Float32Array((end - begin) * size);
      for (let first = begin; first < end; first += batch) {
        if (first === poison) throw new Error(`item ${first} is poison`);
        await setTimeout(delay, undefined, { signal });
        const rows = Math.min(batch, end - first);
        const indices = Array.from({ length: rows }, (_, i) => first + i);
        const values = normalNoise({ seed, purpose: "initial", indices, size });
        data.set(values, (first - begin) * size);
      }
      return { rows: { x: { data, shape: [end - begin, size] } }, facts: { seed } };
    },
    close: async () => undefined,
  };
}

try {
  await work({
    ...{ queue, store: failing(folderStore(store)), kinds: { noise }, cache, name, lease, drain },
    ...{ patience, version: "1.2.3", backend: { asked: "cpu", name: "cpu" } },
    onEvent: (event) => console.log(JSON.stringify(event)),
  });
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  await queue.close();
}
