// @ts-check
/*
 * A worker in a process of its own, which tests kill. Its kind draws normals keyed by seed and item,
 * in batches that take some time. GEN_TEST_WORKER has its settings as JSON.
 */
import { folderStore, openQueue, work } from "@gen/jobs";
import { noise } from "./noise.mjs";

const { redis, store, cache, name, lease, patience, broken, drain } = JSON.parse(
  process.env.GEN_TEST_WORKER ?? "{}",
);
const queue = await openQueue({ redis });

/** A store whose first writes fail. @param {import("@gen/jobs").Store} kept */
function failing(kept) {
  if (!broken) return kept;
  let { times } = broken;
  /** @type {import("@gen/jobs").Store["write"]} */
  const write = async (name, bytes) => {
    if (times-- > 0)
      throw Object.assign(new Error(broken.message), { code: broken.code, syscall: "write" });
    return kept.write(name, bytes);
  };
  return { ...kept, write };
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
