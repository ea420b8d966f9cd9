import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { Redis } from "ioredis";
import { afterAll, describe, expect, test } from "vitest";
import { hasRedis, missingRedis, startRedis } from "../../../tooling/fixtures/redis.ts";
import { folderStore, jobFiles, openQueue, submit, type WorkEvent, work } from "../src/index.ts";
import { scratch, submitNoise } from "./farm.ts";
import { noise } from "./noise.mjs";

/*
 * Records that a stranger wrote into Redis or into the store. A worker says in a line what is wrong,
 * reads and writes nothing outside its store and its cache, and goes on with the next job.
 */
const at = scratch();
const options = { seed: 1, size: 1, batch: 1, delay: 0 };
const sha256 = "a".repeat(64);

describe.skipIf(!hasRedis)(hasRedis ? "a worker" : missingRedis, async () => {
  const server = hasRedis ? await startRedis(at("redis")) : undefined;
  if (!server) return;
  const queue = await openQueue({ redis: server.url });
  const redis = new Redis(server.url);
  afterAll(async () => {
    redis.disconnect();
    await queue.close();
    await server.kill();
  });
  const store = at("store");
  const secret = "a secret of this machine";
  mkdirSync(at("outside"));
  writeFileSync(at("outside", "secret"), secret);

  const keyOf = (id: string, name: string) => `gen:${id}:${name}`;
  const recordOf = (id: string) => at("store/jobs", id, "job.json");
  const change = (id: string, more: object) => {
    const job = JSON.parse(readFileSync(recordOf(id), "utf8"));
    writeFileSync(recordOf(id), JSON.stringify({ ...job, ...more }));
  };
  const entry = async (id: string, more: object) => {
    const known = JSON.parse((await redis.hget("gen:jobs", id)) ?? "");
    await redis.hset("gen:jobs", id, JSON.stringify({ ...known, ...more }));
  };
  const input = (files: object) => ({ inputs: { model: { sha256, files } } });
  const file = { sha256, bytes: 1 };
  /** Gives BullMQ a part. */
  const part = async (id: string, data: string) => {
    await redis.hset(keyOf(id, "part-1"), { name: "part", data, opts: "{}", timestamp: 1 });
    await redis.lpush(keyOf(id, "wait"), "part-1");
    await redis.hset(keyOf(id, "plan"), {
      plan: JSON.stringify({ first: 1, size: 1, backend: "cpu" }),
      added: 4,
    });
    await redis.setbit(keyOf(id, "done"), 0, 1);
  };

  const damage: Readonly<Record<string, [does: (id: string) => unknown, says: RegExp]>> = {
    "an entry under another id": [
      (id) => entry(id, { id: "abcdefghijkm" }),
      /is no job of this program/,
    ],
    "an entry with 1e300 items": [(id) => entry(id, { count: 1e300 }), /is no job/],
    "a kind that writes into the terminal": [(id) => entry(id, { kind: "a\x1b[2J" }), /is no job/],
    "a kind of Object's own": [(id) => entry(id, { kind: "constructor" }), /does not know/],
    "1e15 items": [
      (id) => {
        change(id, { count: 1e15 });
        return entry(id, { count: 1e15, seconds: 1e-9 });
      },
      /too many parts: submit it in pieces/,
    ],
    "a plan whose parts have no items": [
      (id) => redis.hset(keyOf(id, "plan"), "plan", '{"first":1,"size":0,"backend":"cpu"}'),
      /the plan of job \w+ in Redis is damaged/,
    ],
    "a plan that is no JSON": [(id) => redis.hset(keyOf(id, "plan"), "plan", "{"), /is not JSON/],
    "a part of 1e15 items": [(id) => part(id, '{"from":1,"to":1e15}'), /has no such part/],
    "a part before the first": [(id) => part(id, '{"from":-5,"to":1}'), /has no such part/],
    "a part that is no range": [(id) => part(id, "null"), /from/],
    "a part that is no JSON": [(id) => part(id, "{"), /its parts in Redis are damaged/],
    "a list that is a text": [
      (id) => redis.set(keyOf(id, "wait"), "text"),
      /its parts in Redis are damaged/,
    ],
    "a record of another job": [(id) => change(id, { id: "abcdefghijkm" }), /is no job of this/],
    "a record without inputs": [(id) => change(id, { inputs: null }), /is no job of this program/],
    "an input that is null": [(id) => change(id, { inputs: { a: null } }), /is no job of this/],
    "a record that is nested deep": [(id) => writeFileSync(recordOf(id), "[".repeat(1e6)), /nest/],
    "a record that is too large": [
      (id) => truncateSync(recordOf(id), 2 ** 24 + 1),
      /job.json has 16777217 bytes, 16777216 are allowed/,
    ],
    "an input that leads up": [
      (id) => change(id, input({ "../../up": file })),
      /list of files is damaged/,
    ],
    "an input with an absolute path": [
      (id) => change(id, input({ [at("outside", "new")]: file })),
      /list of files is damaged/,
    ],
    "an input that is hidden": [(id) => change(id, input({ ".npmrc": file })), /files is damaged/],
    "a checksum that is a path": [
      (id) => change(id, input({ model: { ...file, sha256: "../../outside/secret" } })),
      /list of files is damaged/,
    ],
    "a record that is a link": [
      (id) => {
        rmSync(recordOf(id));
        symlinkSync(at("outside", "secret"), recordOf(id));
      },
      /is a link that leads out of the store/,
    ],
    "a record that is a link to itself": [
      (id) => {
        rmSync(recordOf(id));
        symlinkSync(recordOf(id), recordOf(id));
      },
      /is a link that leads out of the store/,
    ],
    "a record that is a folder": [
      (id) => {
        rmSync(recordOf(id));
        mkdirSync(recordOf(id));
      },
      /job.json in the store is no file/,
    ],
    "a record that is a pipe": [
      (id) => {
        rmSync(recordOf(id));
        execFileSync("mkfifo", [recordOf(id)]);
      },
      /job.json in the store is no file/,
    ],
    "a folder of results that is a file": [
      (id) => writeFileSync(at("store/jobs", id, "parts"), ""),
      /ENOTDIR/,
    ],
    "a folder of results that is a link to nothing": [
      (id) => symlinkSync(at("outside", "new"), at("store/jobs", id, "parts")),
      /is a link that leads out of the store/,
    ],
    "a result that is a folder": [
      (id) => mkdirSync(at("store/jobs", id, "parts/000000000000/a"), { recursive: true }),
      /EISDIR|ENOTEMPTY|EEXIST/,
    ],
    "a folder of results that is a link": [
      (id) => symlinkSync(at("outside"), at("store/jobs", id, "parts")),
      /is a link that leads out of the store/,
    ],
  };

  test.each(Object.entries(damage))("is given %s", async (_, [does, says]) => {
    const { id } = await submitNoise(queue, store, 4, options, { priority: 1 });
    await does(id);
    const good = await submitNoise(queue, store, 2, options);
    const events: WorkEvent[] = [];
    const done = await work({
      ...{ queue, store: folderStore(store), kinds: { noise }, version: "1.2.3", drain: true },
      ...{ backend: { asked: "cpu", name: "cpu" }, cache: at("cache"), patience: 2 },
      onEvent: (event) => events.push(event),
    });
    expect(done.items).toBeGreaterThanOrEqual(2);
    expect(await queue.status(good.id)).toMatchObject({ state: "done" });
    const reasons = events.filter(({ job }) => job !== good.id).map(({ reason }) => reason ?? "");
    expect(reasons.join("\n")).toMatch(says);
    expect(reasons.join("\n")).not.toContain(secret);
    expect(events.filter(({ event }) => event === "waiting")).toEqual([]);
    expect(readdirSync(at("outside"))).toEqual(["secret"]);
    expect(readFileSync(at("outside", "secret"), "utf8")).toBe(secret);
    await redis.flushall();
  });

  test("is given files whose names cannot be together", async () => {
    const model = at("model");
    mkdirSync(model, { recursive: true });
    writeFileSync(at("model", "a"), "content");
    const { id } = await submit(queue, folderStore(store), {
      ...{ kind: "noise", count: 2, options, version: "1.2.3", backends: ["cpu"], files: [model] },
    });
    const { inputs } = JSON.parse(readFileSync(recordOf(id), "utf8"));
    const known = inputs[model].files.a;
    const { createHash } = await import("node:crypto");
    const lines = ["a", "a/b"].map((name) => `${known.sha256} ${name}\n`).join("");
    change(id, {
      inputs: {
        [model]: {
          sha256: createHash("sha256").update(lines).digest("hex"),
          files: { a: known, "a/b": known },
        },
      },
    });
    const events: WorkEvent[] = [];
    await work({
      ...{ queue, store: folderStore(store), kinds: { noise }, version: "1.2.3", drain: true },
      ...{ backend: { asked: "cpu", name: "cpu" }, cache: at("cache"), patience: 2 },
      onEvent: (event) => events.push(event),
    });
    expect(events).toEqual([
      { event: "refused", job: id, reason: expect.stringMatching(/^E(EXIST|NOTDIR)/) },
    ]);
    expect(readdirSync(at("cache"))).toEqual([]);
    await redis.flushall();
  });

  test("fetches no file of a model that is larger than the job's list says", async () => {
    const model = at("small");
    mkdirSync(model);
    writeFileSync(at("small", "a"), "content");
    const { inputs } = await submit(queue, folderStore(store), {
      ...{ kind: "noise", count: 2, options, version: "1.2.3", backends: ["cpu"], files: [model] },
    });
    truncateSync(at("store/files", inputs[model].files.a.sha256), 2 ** 30);
    await expect(jobFiles(folderStore(store), { inputs }, { cache: at("cache") })).rejects.toThrow(
      /has 1073741824 bytes, 7 are allowed$/,
    );
    expect(readdirSync(at("cache"))).toEqual([]);
    await redis.flushall();
  });

  test("does not move a store whose own folder is a link", async () => {
    symlinkSync(store, at("linked"));
    const linked = folderStore(at("linked"));
    await linked.write("notes/a", new Uint8Array(3));
    expect(await folderStore(store).read("notes/a")).toHaveLength(3);
    expect(await linked.list("notes/")).toEqual(["notes/a"]);
    renameSync(at("store", "notes", "a"), at("store", "notes", "b"));
    symlinkSync("b", at("store", "notes", "a"));
    // A link inside the store is followed.
    expect(await linked.read("notes/a")).toHaveLength(3);
    symlinkSync(at("outside"), at("store", "escape"));
    const leads = /is a link that leads out of the store/;
    await expect(linked.write("escape/new/a", new Uint8Array(3))).rejects.toThrow(leads);
    await expect(linked.read("escape/secret")).rejects.toThrow(leads);
    await expect(linked.list("escape/")).rejects.toThrow(leads);
    expect(readdirSync(at("outside"))).toEqual(["secret"]);
  });
});
