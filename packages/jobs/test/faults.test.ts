import { readdirSync } from "node:fs";
import { createServer, connect as dial, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { hasRedis, missingRedis, startRedis } from "../../../tooling/fixtures/redis.ts";
import { collect, folderStore, openQueue } from "../src/index.ts";
import { overOf, scratch, startWorker, submitNoise, wholeNoise } from "./farm.ts";

/*
 * Workers are killed, Redis restarts, the network and the store fail: each job ends with the numbers
 * of one process. GEN_TEST_ALL=1 has more of each.
 */
const at = scratch();
const options = { seed: 5, size: 3, batch: 4, delay: 15 };

describe.skipIf(!hasRedis)(hasRedis ? "a job" : missingRedis, async () => {
  const redis = hasRedis ? await startRedis(at("redis")) : undefined;
  if (!redis) return;
  afterAll(() => redis.kill());
  const queue = await openQueue({ redis: redis.url });
  afterAll(() => queue.close());
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
    return parts;
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

  const kills = allEngines ? 20 : 4;
  const restarts = allEngines ? 2 : 1;
  test(`survives ${kills} kills of workers and ${restarts} of Redis`, async () => {
    const count = allEngines ? 3000 : 600;
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

  test("goes on without a part that fails three times, whose reason is known", async () => {
    const { id } = await submitNoise(queue, place.store, 40, { ...options, delay: 1, poison: 24 });
    const worker = startWorker({ ...place, drain: true });
    expect(await worker.ended).toBe(0);
    const { state, done, failed, parts } = await queue.status(id);
    expect({ state, done, parts }).toMatchObject({
      ...{ state: "failed", done: 36, parts: { done: 8, failed: 1, running: 0 } },
    });
    expect(failed).toEqual([{ from: 24, to: 28, reason: "item 24 is poison" }]);
    expect(worker.events.filter(({ event }) => event === "failed")).toHaveLength(3);
    await expect(collect(folderStore(place.store), id)).rejects.toThrow(
      /not done: item 24 of 40 is missing/,
    );
    await queue.cancel(id);
    await expect(queue.status(id)).rejects.toThrow(`has no job ${id}`);
  });

  test("waits while the store of a worker is full, and a worker that gives up gives its part back", async () => {
    const { id } = await submitNoise(queue, place.store, 40, { ...options, delay: 1 });
    const full = { message: "ENOSPC: no space left on device, write", code: "ENOSPC" };
    const impatient = startWorker({
      ...{ ...place, drain: true, patience: 0.3 },
      broken: { ...full, seconds: 60 },
    });
    expect(await impatient.ended).toBe(1);
    expect(impatient.errors).toMatch(/the store failed: ENOSPC/);
    expect((await queue.status(id)).parts.running).toBe(0);
    const patient = startWorker({ ...place, drain: true, broken: { ...full, seconds: 0.5 } });
    expect(await patient.ended).toBe(0);
    expect(patient.events.some(({ event }) => event === "waiting")).toBe(true);
    await expectWhole(id, 40);
    await queue.cancel(id);
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
      workers.push(startWorker({ ...far, broken: { seconds: 3, message: "500 Internal Error" } }));
      await expectWhole(id, 400);
      for (const worker of workers) await worker.kill();
      link.close();
      await queue.cancel(id);
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
