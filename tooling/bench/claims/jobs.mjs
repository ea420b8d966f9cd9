import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { collect, folderStore, openQueue, submit } from "@gen/jobs";
import { openHosts } from "../jobs/hosts.mjs";
import { startRedis } from "../jobs/redis.mjs";
import { threeDigits } from "../measure.mjs";

export const title = "Jobs: workers on many hosts";
export const versions = ["bullmq"];

const program = fileURLToPath(new URL("../jobs/worker.mjs", import.meta.url));

/** A worker process. Its lines come to `onLine`. */
function startWorker([command, args], onLine) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((done) => child.once("close", done));
  let text = "";
  const ready = new Promise((resolve, reject) => {
    child.once("close", (code) => reject(new Error(`a worker ended with ${code}`)));
    child.stdout.setEncoding("utf8").on("data", (part) => {
      const lines = (text + part).split("\n");
      text = lines.pop();
      for (const line of lines) {
        if (line === "ready") resolve();
        else onLine(line);
      }
    });
  });
  return {
    ready,
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

/** The seconds that a job of `parts` parts takes with `workers` workers, and the seconds of their models. */
async function timeJob({ workers, parts, milliseconds, hosts, redis }) {
  const folder = mkdtempSync(join(tmpdir(), "gen-jobs-"));
  const store = folderStore(folder);
  const found = { items: 0, parts: 0, model: 0, last: 0 };
  let finish;
  const finished = new Promise((done) => {
    finish = done;
  });
  const onLine = (line) => {
    const [at, items, seconds] = line.split(" ").map(Number);
    found.items += items;
    found.parts++;
    found.model += seconds;
    found.last = Math.max(found.last, at);
    if (found.items >= parts) finish();
  };
  const args = [program, redis, folder, String(milliseconds)];
  const running = Array.from({ length: workers }, (_, i) =>
    startWorker(hosts.run(i, process.execPath, args), onLine),
  );
  const queue = await openQueue({ redis });
  try {
    await Promise.all(running.map(({ ready }) => ready));
    const began = Date.now();
    const { id } = await submit(queue, store, {
      ...{ kind: "fixed", version: "bench", backends: ["fixed"], options: {} },
      ...{ count: parts, seconds: milliseconds / 1000 },
    });
    await finished;
    const { x } = (await collect(store, id)).rows;
    if (!x.data.every((value, i) => value === i)) throw new Error("the job's samples are wrong");
    await queue.cancel(id);
    return { ...found, seconds: (found.last - began) / 1000 };
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
    await queue.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function measure({ quick }) {
  const [parts, milliseconds] = quick ? [96, 100] : [480, 250];
  const counts = [1, 4, 16];
  const hosts = openHosts(counts.at(-1));
  const server = await startRedis(hosts.address);
  const found = {};
  try {
    for (const workers of counts)
      found[workers] = await timeJob({ workers, parts, milliseconds, hosts, redis: server.url });
  } finally {
    await server.close();
    hosts.close();
  }
  const overhead = (1000 * (found[1].seconds - found[1].model)) / found[1].parts;
  const speedUp = (workers, target) => {
    const ratio = found[1].seconds / found[workers].seconds;
    return {
      work: `${workers} workers, ${hosts.kind}; ${parts} samples of ${milliseconds} ms, a part each`,
      ours: `${threeDigits(found[workers].seconds)} s`,
      peer: `${threeDigits(found[1].seconds)} s with one worker`,
      ratio: `${threeDigits(ratio)}x`,
      target: `>= ${target}x`,
      pass: ratio >= target,
    };
  };
  return [
    speedUp(4, 3.7),
    speedUp(16, 14),
    {
      work: `overhead of a part, one worker: its lock, its file, the queue; ${found[1].parts} parts`,
      ours: `${threeDigits(overhead)} ms`,
      target: "<= 20 ms",
      pass: overhead <= 20,
    },
  ];
}
