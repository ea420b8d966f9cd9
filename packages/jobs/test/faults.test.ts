import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, connect as dial, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { errorCode } from "@gen/math";
import { Redis } from "ioredis";
import { afterAll, describe, expect, test } from "vitest";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { hasRedis, missingRedis, startRedis } from "../../../tooling/fixtures/redis.ts";
import { collect, folderStore, openQueue, work } from "../src/index.ts";
import { readJob } from "../src/job.ts";
import { partAt, partCount } from "../src/plan.ts";
import { partsInside } from "../src/queue-parts.ts";
import { encodeResult, storedFirsts, writeResult } from "../src/results.ts";
import { overOf, scratch, startWorker, submitNoise, wholeNoise } from "./farm.ts";
import { noise } from "./noise.mjs";

/*
 * Workers are killed, Redis restarts, the network and the store fail: each job ends with the numbers
 * of one process. GEN_TEST_ALL=1 has more of each.
 */
const at = scratch();
const canMount = spawnSync("unshare", ["-m", "true"]).status === 0;
const options = { seed: 5, size: 3, batch: 4, delay: 15 };

describe.skipIf(!hasRedis)(hasRedis ? "a job" : missingRedis, async () => {
  const redis = hasRedis ? await startRedis(at("redis")) : undefined;
  if (!redis) return;
  afterAll(() => redis.kill());
  const queue = await openQueue({ redis: redis.url });
  afterAll(() => queue.close());
  const client = new Redis(redis.url);
  client.on("error", () => undefined);
  afterAll(() => client.disconnect());
  const place = { redis: redis.url, store: at("store"), cache: at("cache") };

  /** Checks that a job has each item once, with the numbers of one process. */
  async function expectWhole(id: string, count: number) {
    const { state, done, failed } = await overOf(queue, id);
    expect({ state, done, failed }).toEqual({ state: "done", done: count, failed: [] });
    const { rows, parts } = await collect(folderStore(place.store), id);
    expect(rows.x.shape).toEqual([count, 3]);
    expect(rows.x.data).toEqual(wholeNoise(count, options));
    let next = 0;
    for (const { from, to } of parts) {
      expect(from).toBe(next);
      next = to;
    }
    expect(next).toBe(count);
    await expectCounted(id);
    return parts;
  }

  /** Checks what Redis counts against the files in the store. */
  async function expectCounted(id: string) {
    const status = await queue.status(id);
    const plan = JSON.parse((await client.hget(`gen:${id}:plan`, "plan")) ?? "");
    const stored = new Set(await storedFirsts(folderStore(place.store), id));
    const firsts = Array.from({ length: partCount(status.count, plan) }, (_, i) => i)
      .map((i) => partAt(status.count, plan, i).from)
      .filter((from) => stored.has(from) && !status.failed.some((part) => part.from === from));
    expect(status.parts.done).toBe(firsts.length);
    const sum = (of: "parts" | "items") => status.workers.reduce((all, each) => all + each[of], 0);
    expect([sum("parts"), sum("items")]).toEqual([status.parts.done, status.done]);
    expect(await client.bitcount(`gen:${id}:done`)).toBe(status.parts.done);
    expect(status.parts.all).toBe(status.parts.done + status.parts.failed);
  }

  /** Runs workers, of which one is killed again and again; a new one takes its place. */
  async function killWorkers(times: number, workers = 3) {
    const all = Array.from({ length: workers }, () => startWorker(place));
    for (let i = 0; i < times; i++) {
      await setTimeout(150 + 100 * Math.random());
      await all[i % workers].kill();
      all[i % workers] = startWorker(place);
    }
    return all;
  }

  const kills = allEngines ? 20 : 3;
  const restarts = allEngines ? 2 : 1;
  test(`survives ${kills} kills of workers and ${restarts} of Redis`, async () => {
    const count = allEngines ? 3000 : 400;
    const { id } = await submitNoise(queue, place.store, count, options);
    const killing = killWorkers(kills);
    for (let i = 0; i < restarts; i++) {
      await setTimeout(500);
      await redis.restart();
    }
    const workers = await killing;
    const parts = await expectWhole(id, count);
    expect(new Set(parts.map(({ worker }) => worker)).size).toBeGreaterThan(1);
    for (const worker of workers) await worker.kill();
  });

  test("goes on without a part that fails three times, and with it when its cause is mended", async () => {
    const { id } = await submitNoise(queue, place.store, 40, { ...options, delay: 1, poison: 24 });
    const worker = startWorker({ ...place, drain: true });
    const patient = startWorker(place);
    expect(await worker.ended).toBe(0);
    const { state, done, failed, parts } = await overOf(queue, id);
    expect({ state, done, parts }).toMatchObject({
      ...{ state: "failed", done: 36, parts: { all: 9, done: 8, failed: 1, running: 0 } },
    });
    expect(failed).toEqual([{ from: 24, to: 28, reason: "item 24 is poison" }]);
    const failures = () =>
      [worker, patient].flatMap(({ events }) => events).filter(({ event }) => event === "failed");
    expect(failures()).toHaveLength(3);
    await expectCounted(id);
    await expect(collect(folderStore(place.store), id)).rejects.toThrow(
      /not done: item 24 of 40 is missing/,
    );
    // Three more times, by the worker that knew the job as over.
    expect(await queue.retry(id)).toBe(1);
    await expect.poll(failures, { timeout: 10_000 }).toHaveLength(6);
    expect((await overOf(queue, id)).parts.failed).toBe(1);
    const record = at("store/jobs", id, "job.json");
    writeFileSync(record, String(readFileSync(record)).replace('"poison": 24', '"poison": -1'));
    expect(await queue.retry(id)).toBe(1);
    await expectWhole(id, 40);
    expect(await queue.retry(id)).toBe(0);
    await patient.kill();
    await queue.cancel(id);
    await expect(queue.status(id)).rejects.toThrow(`has no job ${id}`);
    await expect(queue.retry(id)).rejects.toThrow(`has no job ${id}`);
    expect(await client.keys(`*${id}*`)).toEqual([]);
  });

  test("whose first part fails is tried again from its beginning", async () => {
    const { id } = await submitNoise(queue, place.store, 8, { ...options, delay: 1, poison: 0 });
    const settings = { ...place, drain: true };
    expect(await startWorker(settings).ended).toBe(0);
    expect(await queue.status(id)).toMatchObject({
      ...{ state: "failed", done: 0, parts: { all: 1, failed: 1 } },
      failed: [{ from: 0, to: 1, reason: "item 0 is poison" }],
    });
    const record = at("store/jobs", id, "job.json");
    writeFileSync(record, String(readFileSync(record)).replace('"poison": 0', '"poison": -1'));
    expect(await queue.retry(id)).toBe(1);
    expect(await queue.status(id)).toMatchObject({ state: "waiting", done: 0 });
    expect(await startWorker(settings).ended).toBe(0);
    await expectWhole(id, 8);
  });

  test("counts a part once: of a worker that died before it told, and of two that computed it", async () => {
    const { id } = await submitNoise(queue, place.store, 40, options);
    const common = {
      ...{ queue, store: folderStore(place.store), version: "1.2.3", cache: place.cache },
      backend: { asked: "cpu", name: "cpu" },
    };
    const stop = new AbortController();
    await work({
      ...{ ...common, kinds: { noise }, signal: stop.signal },
      onEvent: () => stop.abort(),
    });
    // A worker wrote and counted part 3, and died.
    const part = { from: 16, to: 20 };
    const record = { worker: "dead", backend: "cpu", version: "1.2.3", seconds: 1 };
    const { draw } = await noise(await readJob(common.store, id), new Map());
    const bytes = encodeResult(
      await draw(part, new AbortController().signal, () => undefined),
      record,
    );
    await writeResult(common.store, id, 16, bytes);
    expect(await partsInside(queue).tally.add(id, { index: 3, items: 4, record })).toBe(true);
    expect(await partsInside(queue).tally.add(id, { index: 3, items: 4, record })).toBe(false);
    // A worker is stopped in a part for longer than its lease, and then ends it.
    const slow = startWorker(place);
    await expect.poll(() => slow.events.length, { timeout: 10_000 }).toBeGreaterThan(0);
    slow.pause();
    const quick = startWorker({ ...place, drain: true });
    expect(await quick.ended).toBe(0);
    slow.resume();
    await expectWhole(id, 40);
    const { workers } = await queue.status(id);
    expect(workers).toContainEqual({
      ...{ worker: "dead", backend: "cpu", version: "1.2.3", parts: 1, items: 4 },
    });
    const computed = [...slow.events, ...quick.events].filter(({ event }) => event === "part");
    expect(computed.map((event) => event.part.from)).not.toContain(16);
    expect(new Set(computed.map((event) => event.part.from)).size).toBe(computed.length);
    await slow.kill();
    await queue.cancel(id);
    // A worker that ends a part of a job that was canceled counts nothing.
    expect(await partsInside(queue).tally.add(id, { index: 4, items: 4, record })).toBe(false);
    expect(await client.keys(`*${id}*`)).toEqual([]);
  });

  test("has few parts in Redis, however many it is cut into", async () => {
    const own = await openQueue({ redis: redis.url, name: "many" });
    const { refill, keepPlan, tally } = partsInside(own);
    const job = await submitNoise(own, place.store, 1512, { ...options, batch: 1, delay: 0 });
    const { id, count } = job;
    const plan = await keepPlan(job, { first: 2, size: 1, backend: "cpu" });
    const all = count - 1;
    const waiting = () => client.llen(`many:${id}:wait`);
    await refill(job, plan);
    await refill(job, plan);
    expect(await waiting()).toBe(1000);
    expect(await own.status(id)).toMatchObject({ state: "waiting", parts: { all, done: 0 } });
    // Other workers do 1500 of the 1511 parts.
    const record = { worker: "others", backend: "cpu", version: "1.2.3", seconds: 1 };
    const counted = Array.from({ length: 1500 }, (_, index) =>
      tally.add(id, { index, items: index === 0 ? 2 : 1, record }),
    );
    expect(new Set(await Promise.all(counted))).toEqual(new Set([true]));
    await client.del(`many:${id}:wait`);
    await refill(job, plan);
    expect(await waiting()).toBe(11);
    const store = { ...folderStore(place.store), write: async () => undefined };
    const { parts } = await work({
      ...{ queue: own, store, kinds: { noise }, version: "1.2.3", cache: place.cache, drain: true },
      backend: { asked: "cpu", name: "cpu" },
    });
    expect(parts).toBe(11);
    expect(await own.status(id)).toMatchObject({
      ...{ state: "done", done: count, parts: { all, done: all, running: 0, failed: 0 } },
      workers: [{ worker: "others", parts: 1500, items: 1501 }, { parts: 11 }],
    });
    await own.cancel(id);
    // Parts that no list has are unknown to BullMQ: this test took its list away.
    const left = await client.keys(`*${id}*`);
    expect(left.filter((key) => !key.includes(":part-"))).toEqual([]);
    await own.close();
  });

  test("waits while the store of a worker is full, and a worker that gives up gives its part back", async () => {
    const { id } = await submitNoise(queue, place.store, 40, { ...options, delay: 1 });
    const full = { message: "ENOSPC: no space left on device, write", code: "ENOSPC" };
    const impatient = startWorker({
      ...{ ...place, drain: true, patience: 0.3 },
      broken: { ...full, times: 1e9 },
    });
    expect(await impatient.ended).toBe(1);
    expect(impatient.errors).toMatch(/the store failed: ENOSPC/);
    expect((await queue.status(id)).parts.running).toBe(0);
    const patient = startWorker({ ...place, drain: true, broken: { ...full, times: 2 } });
    expect(await patient.ended).toBe(0);
    expect(patient.events.some(({ event }) => event === "waiting")).toBe(true);
    await expectWhole(id, 40);
    await queue.cancel(id);
  });

  test("runs no more parts at a time than it may, and stops when it is canceled", async () => {
    const slow = { ...options, delay: 40 };
    const { id } = await submitNoise(queue, place.store, 40, slow, { most: 1 });
    const workers = [startWorker(place), startWorker(place)];
    let status = await queue.status(id);
    for (; status.state !== "done"; status = await queue.status(id)) {
      expect(status.parts.running).toBeLessThanOrEqual(1);
      await setTimeout(5);
    }
    expect(status.parts).toEqual({ all: 9, done: 9, running: 0, failed: 0 });
    const endless = await submitNoise(queue, place.store, 40, { ...options, delay: 1e6 });
    while ((await queue.status(endless.id)).parts.running === 0) await setTimeout(20);
    await queue.cancel(endless.id);
    const next = await submitNoise(queue, place.store, 4, options);
    await overOf(queue, next.id);
    // The worker of the canceled part learns of it within a third of its lease. A busy machine may lose
    // a part of another job too, which is then computed again.
    const lost = () =>
      workers.flatMap(({ events }) => events).filter(({ event }) => event === "lost");
    await expect
      .poll(() => lost().map(({ job }) => job), { timeout: 10_000 })
      .toContain(endless.id);
    for (const worker of workers) await worker.kill();
    expect((await queue.entries()).map((entry) => entry.id)).not.toContain(endless.id);
  });

  test("gets its part back from a worker that is told to stop", async () => {
    const own = await openQueue({ redis: redis.url, name: "stopped" });
    const { id } = await submitNoise(own, place.store, 8, { ...options, delay: 1e6 });
    const stop = new AbortController();
    const working = work({
      ...{ queue: own, store: folderStore(place.store), kinds: { noise }, version: "1.2.3" },
      ...{ backend: { asked: "cpu", name: "cpu" }, cache: place.cache, signal: stop.signal },
    });
    while ((await own.status(id)).parts.running === 0) await setTimeout(20);
    stop.abort();
    expect(await working).toMatchObject({ parts: 0, refused: [] });
    expect((await own.status(id)).parts).toMatchObject({ all: 1, running: 0, failed: 0 });
    await own.close();
  });

  test("has workers that are seen while they are there, and leaves no file when it is asked to", async () => {
    const soon = { timeout: 10_000 };
    const own = await openQueue({ redis: redis.url, name: "seen" });
    expect(await own.workers()).toEqual([]);
    const slow = { ...options, batch: 4, delay: 1e6 };
    const { id } = await submitNoise(own, at("seen"), 8, slow);
    const stop = new AbortController();
    const backend = { asked: "onnx", name: "onnx/node-cpu" };
    const other = await openQueue({ redis: redis.url, name: "seen" });
    const working = work({
      ...{ queue: other, store: folderStore(at("seen")), kinds: { noise }, version: "1.2.3" },
      ...{ backend, name: "gpu: 7", cache: place.cache, signal: stop.signal },
    });
    const seen = [{ name: "gpu: 7", version: "1.2.3", backend }];
    await expect.poll(() => own.workers(), soon).toEqual(seen);
    await redis.restart();
    await expect.poll(() => own.workers().catch(() => []), soon).toEqual(seen);
    await own.cancel(id, folderStore(at("seen")));
    expect(readdirSync(at("seen"))).toEqual([]);
    await expect(own.cancel(id)).rejects.toThrow(`has no job ${id}`);
    stop.abort();
    await working;
    await other.close();
    await expect.poll(() => own.workers(), soon).toEqual([]);
    await redis.kill();
    await setTimeout(100);
    await expect.poll(() => own.workers().catch(errorCode), soon).toBe("unreachable");
    await redis.restart();
    await own.close();
  });

  test("is left alone by a worker that does not fit, for a reason", async () => {
    const own = await openQueue({ redis: redis.url, name: "others" });
    const asked = { count: 4, options: { ...options, batch: 4 } };
    const submitted = async (more: object) =>
      (await submitNoise(own, place.store, asked.count, asked.options, more)).id;
    const [version, kind, backend] = [
      await submitted({ version: "9.9.9" }),
      await submitted({ kind: "unheard" }),
      await submitted({ backends: ["onnx/node-cuda"] }),
    ];
    await client.hset("others:jobs", "abcdefghijkm", JSON.stringify({ format: 7 }));
    const { refused, parts } = await work({
      ...{ queue: own, store: folderStore(place.store), kinds: { noise }, version: "1.2.3" },
      ...{ backend: { asked: "cpu", name: "cpu" }, cache: place.cache, drain: true },
    });
    expect(parts).toBe(0);
    const reasons = [
      "job abcdefghijkm of queue others has form 7, and this program reads 1",
      `job ${version} is of version 9.9.9, and this worker is 1.2.3`,
      `job ${kind} is of kind unheard, which this worker does not know`,
      `job ${backend} is for onnx/node-cuda, and this worker has cpu`,
    ];
    expect(refused).toHaveLength(reasons.length);
    expect(refused).toEqual(
      expect.arrayContaining(reasons.map((text) => expect.stringContaining(text))),
    );
    await client.set("taken:jobs", "a text");
    const taken = await openQueue({ redis: redis.url, name: "taken" });
    await expect(taken.entries()).rejects.toThrow("taken:jobs in Redis is of another program");
    await Promise.all([own.close(), taken.close()]);
  });

  describe.runIf(allEngines)("with GEN_TEST_ALL=1", () => {
    test("survives 5 s without network, and a store that answers 500", async () => {
      const link = await proxy(redis.port);
      const { id } = await submitNoise(queue, place.store, 400, options);
      const far = { ...place, redis: link.url };
      const workers = [startWorker(far), startWorker(far)];
      await setTimeout(800);
      link.cut(true);
      await setTimeout(5000);
      link.cut(false);
      workers.push(startWorker({ ...far, broken: { times: 4, message: "500 Internal Error" } }));
      await expectWhole(id, 400);
      for (const worker of workers) await worker.kill();
      link.close();
      await queue.cancel(id);
    });

    test.runIf(canMount)("gives the part of a worker whose disk is full to another", async () => {
      const store = at("other");
      const { id } = await submitNoise(queue, store, 40, options);
      mkdirSync(at("disk"));
      // The mount belongs to the shell, and ends with it.
      const script = `mount -t tmpfs -o size=64k none "${at("disk")}" && cp -r "${store}/." "${at("disk")}"
        head -c 1m /dev/zero >"${at("disk")}/filler" 2>/dev/null; "$@"`;
      const small = { ...place, store: at("disk"), patience: 0.5, drain: true };
      const full = startWorker(small, ["unshare", "-m", "sh", "-c", script, "sh"]);
      expect(await full.ended).toBe(1);
      expect(full.errors).toMatch(/the store failed: ENOSPC/);
      const worker = startWorker({ ...place, store, drain: true });
      expect(await worker.ended).toBe(0);
      const { rows } = await collect(folderStore(store), id);
      expect(rows.x.data).toEqual(wholeNoise(40, options));
    });
  });

  test("leaves no half-written file", () => {
    const names = readdirSync(place.store, { recursive: true }).map(String);
    // A worker that is killed while it writes leaves a hidden file, which no list has.
    for (const name of names) expect(name).toMatch(/^(jobs|files)|\.tmp$/);
  });
});

/** A way to Redis that can be cut. */
async function proxy(port: number) {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = dial(port, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy()).on("close", () => open.delete(one));
    }
    return undefined;
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port: own } = server.address() as { port: number };
  return {
    url: `redis://127.0.0.1:${own}`,
    cut(now: boolean) {
      isCut = now;
      if (now) for (const socket of open) socket.destroy();
    },
    close() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
