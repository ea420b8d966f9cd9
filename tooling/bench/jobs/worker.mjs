// A worker of a queue whose denoiser takes a fixed time for each sample, as a GPU beside an idle
// processor does. Prints when each part was done, and the seconds of its denoiser.
import { setTimeout } from "node:timers/promises";
import { folderStore, openQueue, work } from "@gen/jobs";

const [redis, folder, milliseconds] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());

/** Sample i is the number i. */
const fixed = async () => ({
  async draw({ from, to }) {
    await setTimeout(Number(milliseconds) * (to - from));
    const data = Float32Array.from({ length: to - from }, (_, i) => from + i);
    return { rows: { x: { data, shape: [to - from, 1] } }, facts: null };
  },
  close: async () => undefined,
});

const queue = await openQueue({ redis });
console.log("ready");
await work({
  ...{ queue, store: folderStore(folder), kinds: { fixed }, version: "bench" },
  ...{ backend: { asked: "fixed", name: "fixed" }, cache: folder, signal: stop.signal },
  onEvent(one) {
    if (one.event === "part") console.log(`${Date.now()} ${one.items} ${one.seconds}`);
  },
});
await queue.close();
