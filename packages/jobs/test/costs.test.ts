import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderStore, openQueue, submit, work } from "@gen/jobs";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { hasRedis, startRedis } from "../../../tooling/fixtures/redis.ts";
import { partCount, partSize } from "../src/plan.ts";
import { encodeResult } from "../src/results.ts";

/*
 * The costs of "From one process to many", from the parts that a queue makes.
 */

const pages = ["guide", "zh/guide"].map((folder) =>
  readFileSync(new URL(`../../../apps/docs/${folder}/many-workers.md`, import.meta.url), "utf8"),
);
const [count, workers, seconds] = [1_000_000, 16, 20];

/** Bytes in Redis of a job with a thousand parts that wait, and of a part that is done. */
const redisBytes = { job: 650_000, done: 1 / 8 };

/** Numbers of a batch that `generate` draws at once, and those of a sample: x, and the picture. */
const batchNumbers = 2 ** 16;
const columns = [
  { each: 0.05, latent: 3 * 32 * 32, picture: 3 * 32 * 32 },
  { each: 1.5, latent: 4 * 64 * 64, picture: 3 * 512 * 512 },
].map(({ each, latent, picture }) => {
  const batch = Math.floor(batchNumbers / latent);
  const first = 2 * batch;
  const measured = { done: first, batch, seconds: batch * each, bytes: batch * 4 * picture };
  const size = partSize({ count, seconds }, measured);
  const parts = partCount(count, { first, size, backend: "onnx" });
  const hours = (count * each) / 3600;
  const bytes = 4 * picture;
  const all = count * bytes;
  return [
    each,
    batch,
    size,
    parts,
    hours,
    hours / workers,
    bytes,
    size * bytes,
    all,
    all / (3600 * (hours / workers)),
    redisBytes.job + redisBytes.done * parts,
    parts,
  ];
});

const units: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9 };

/** A table's number, and how much of it was rounded away at most. */
function numberOf(cell: string): { value: number; rounding: number } {
  const [, digits = "", unit = ""] =
    /^([\d.,]+)(?: ([kMG]B)(?:\/s)?)?(?:[,，].*)?$/.exec(cell) ?? [];
  const text = digits.replace(/,(?=\d{3})/g, "").replace(/,$/, "");
  const scale = units[unit] ?? 1;
  const decimals = text.split(".")[1]?.length ?? 0;
  return { value: scale * Number(text), rounding: (scale * 0.5) / 10 ** decimals };
}

describe.each(pages)("the table of costs", (page) => {
  const [, section = ""] = page.split("{#costs}");
  const rows = section
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| |"))
    .map((line) =>
      line
        .split("|")
        .slice(2, 4)
        .map((cell) => cell.trim()),
    );

  it("has the numbers of the queue's parts", () => {
    expect(rows).toHaveLength(columns[0].length);
    for (const [i, row] of rows.entries()) {
      for (const [k, cell] of row.entries()) {
        const { value, rounding } = numberOf(cell);
        expect(Math.abs(value - columns[k][i]), cell).toBeLessThanOrEqual(1.001 * rounding);
      }
    }
  });
});

it("a part's file has hardly more bytes than its numbers", () => {
  const data = new Float32Array(12 * 3 * 64 * 64);
  const rows = { x: { data, shape: [12, 3, 64, 64] } };
  const record = { worker: "worker-1", backend: "onnx/node-cpu", version: "0.1.0", seconds: 20 };
  const facts = { sampler: "ddim", steps: 20 };
  expect(encodeResult({ rows, facts }, record).length - data.byteLength).toBeLessThan(1000);
});

it.runIf(hasRedis)("a job takes no more memory of Redis than the page says", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gen-costs-"));
  const server = await startRedis(join(folder, "redis"));
  const [queue, redis] = [await openQueue({ redis: server.url }), new Redis(server.url)];
  /** Bytes of all keys. The server's own buffers are left out, because they come and go. */
  const used = async () => {
    const bytes = (await redis.keys("*")).map((key) => redis.memory("USAGE", key, "SAMPLES", 0));
    return (await Promise.all(bytes)).reduce<number>((sum, each) => sum + (each ?? 0), 0);
  };
  const draw = async ({ from, to }: { from: number; to: number }) => ({
    rows: { x: { data: new Float32Array(to - from), shape: [to - from, 1] } },
    facts: null,
  });
  const store = folderStore(folder);
  const backend = { asked: "onnx", name: "onnx/node-cuda" };
  const parts = 83_334;
  let most = 0;
  const stop = new AbortController();
  try {
    const request = { kind: "none", version: "1.0.0", backends: ["onnx"], options: {} };
    const { id } = await submit(queue, store, { ...request, count: parts + 1, seconds: 1e-6 });
    const place = { queue, store, backend, version: "1.0.0", cache: folder };
    let done = 0;
    await work({
      ...{ ...place, name: "gpu-7.internal-1234", signal: stop.signal },
      kinds: { none: async () => ({ draw, close: async () => {} }) },
      async onEvent({ event }) {
        if (event === "part" && ++done === 60) stop.abort();
      },
    });
    // All parts are counted but those that BullMQ has.
    await redis.setbit(`gen:${id}:done`, parts - 1, 1);
    most = await used();
    expect((await queue.status(id)).parts).toMatchObject({ all: parts, done: 60 });
  } finally {
    redis.disconnect();
    await queue.close();
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
  const said = redisBytes.job + redisBytes.done * parts;
  expect(most).toBeGreaterThan(said / 2);
  expect(most).toBeLessThan(said);
});
