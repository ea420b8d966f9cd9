import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  collect,
  folderStore,
  openQueue,
  openS3Store,
  type Store,
  s3Store,
  submit,
  work,
} from "@gen/jobs";
import { errorCode } from "@gen/math";
import { afterAll, afterEach, beforeAll, describe, expect, it, test, vi } from "vitest";
import { type Fault, faultyProxy } from "../../../tooling/fixtures/faulty-proxy.ts";
import { memoryS3 } from "../../../tooling/fixtures/memory-s3.ts";
import { hasRedis, startRedis } from "../../../tooling/fixtures/redis.ts";
import { startMoto } from "../../../tooling/fixtures/serving/moto.ts";

/*
 * The store in a folder, and the store in a bucket, against a server in memory, and with GEN_TEST_ALL=1 against moto's. A proxy
 * before it answers 500 and 503, and ends connections in the middle.
 */

const Bucket = "pictures";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const clientOf = (endpoint: string, maxAttempts = 6) =>
  new S3Client({ endpoint, maxAttempts, credentials, region: "us-east-1", forcePathStyle: true });

/** Bytes that a seed decides. */
const bytesOf = (seed: number, length: number) =>
  new Uint8Array(createHash("shake128", { outputLength: length }).update(`${seed}`).digest());

/** Compares many bytes at once. */
const expectBytes = (found: Uint8Array | undefined, wanted: Uint8Array) =>
  expect(found && Buffer.compare(found, wanted)).toBe(0);

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  vi.unstubAllEnvs();
});

/** A proxy with these faults in turn. */
async function proxied(url: string, choose: (count: number) => Fault) {
  const proxy = await faultyProxy(url, (_, count) => choose(count));
  open.push(proxy);
  return proxy;
}

const servers = [
  ["in memory", () => memoryS3({ page: 100 }), 100],
  ...(process.env.GEN_TEST_ALL === "1" ? [["moto", startMoto, 1000] as const] : []),
] as const;

describe.each(servers)("a store in a bucket of the server %s", (_, start, page) => {
  let server: Awaited<ReturnType<typeof start>>;
  let client: S3Client;
  let store: Store;
  beforeAll(async () => {
    server = await start();
    client = clientOf(server.url);
    await client.send(new CreateBucketCommand({ Bucket }));
    store = s3Store({ client, bucket: Bucket, prefix: "jobs/7" });
  }, 600_000);
  afterAll(() => server?.close());

  it("gives back what was written last, and nothing for another name", async () => {
    await store.write("shards/0.npy", bytesOf(1, 100_000));
    await store.write("shards/0.npy", bytesOf(2, 70_000));
    expectBytes(await store.read("shards/0.npy"), bytesOf(2, 70_000));
    expect(await store.read("shards/1.npy")).toBeUndefined();
    const { Body } = await client.send(
      new GetObjectCommand({ Bucket, Key: "jobs/7/shards/0.npy" }),
    );
    expectBytes(await Body?.transformToByteArray(), bytesOf(2, 70_000));
    await store.write("empty", new Uint8Array());
    expectBytes(await store.read("empty"), new Uint8Array());
    for (const name of ["empty", "none"]) await store.remove?.(name);
    expect(await store.read("empty")).toBeUndefined();
  });

  it("lists more names than a page has", async () => {
    const names = Array.from(
      { length: 2 * page + 3 },
      (_, i) => `many/${String(i).padStart(4, "0")}.json`,
    );
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(names.slice(i, i + 50).map((name) => store.write(name, bytesOf(i, 8))));
    expect(await store.list("many/")).toEqual(names);
    expect(await store.list("none/")).toEqual([]);
  });

  it("leaves out names of strangers that lead elsewhere", async () => {
    for (const name of ["../../up", "a/../../up", "/root", "a//b", "a\\b", "folder/", "fine"]) {
      const Key = `jobs/8/${name}`;
      await client.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
    }
    const strange = s3Store({ client, bucket: Bucket, prefix: "jobs/8" });
    expect(await strange.list("")).toEqual(["fine"]);
    await expect(strange.read("../7/shards/0.npy")).rejects.toThrow(/name must be a relative path/);
    await expect(strange.write("../7/shards/0.npy", bytesOf(0, 1))).rejects.toThrow(RangeError);
    expect(() => s3Store({ client, bucket: Bucket, prefix: "a/../b" })).toThrow(/prefix must be/);
  });

  it("ends with every byte right behind a server that fails every other request", async () => {
    const turns: Fault[] = [500, undefined, "cut request", undefined, 503, "cut answer", undefined];
    const { url, faults } = await proxied(server.url, (count) => turns[count % turns.length]);
    const bucket = s3Store({ client: clientOf(url), bucket: Bucket, prefix: "faults" });
    const names = Array.from({ length: 8 }, (_, i) => `${10 + i}.npy`);
    for (const [i, name] of names.entries()) {
      await bucket.write(name, bytesOf(i, 5000 * i));
      expectBytes(await bucket.read(name), bytesOf(i, 5000 * i));
    }
    expect(await bucket.list("")).toEqual(names);
    for (const fault of turns) expect(faults).toContain(fault);
  });

  it.runIf(hasRedis)("ends a job with every sample, behind the same faults", async () => {
    const turns: Fault[] = [undefined, 503, undefined, "cut request", undefined, "cut answer", 500];
    const { url, faults } = await proxied(server.url, (count) => turns[count % turns.length]);
    const bucket = s3Store({ client: clientOf(url), bucket: Bucket, prefix: "farm" });
    const folder = mkdtempSync(join(tmpdir(), "gen-s3-"));
    const redis = await startRedis(join(folder, "redis"));
    const queues = [await openQueue({ redis: redis.url }), await openQueue({ redis: redis.url })];
    const count = 16;
    const squares = async () => ({
      async draw({ from, to }: { from: number; to: number }) {
        const data = Float32Array.from({ length: to - from }, (_, i) => (from + i) ** 2);
        return { rows: { x: { data, shape: [to - from, 1] } }, facts: null };
      },
      close: async () => undefined,
    });
    const request = { kind: "squares", version: "1.0.0", backends: ["cpu"], options: {}, count };
    const { id } = await submit(queues[0], bucket, { ...request, seconds: 1e-6 });
    const common = { store: bucket, version: "1.0.0", kinds: { squares }, cache: folder };
    const backend = { asked: "cpu", name: "cpu" };
    const worked = await Promise.all(
      queues.map((queue, i) => work({ ...common, backend, queue, name: `${i}`, drain: true })),
    );
    expect(worked.reduce((sum, { items }) => sum + items, 0)).toBe(count);
    const { x } = (await collect(bucket, id)).rows;
    expect(Array.from(x.data)).toEqual(Array.from({ length: count }, (_, i) => i * i));
    for (const fault of turns) expect(faults).toContain(fault);
    for (const queue of queues) await queue.close();
    await redis.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it("never has half of a file", async () => {
    const { url } = await proxied(server.url, () => "cut request");
    const bucket = s3Store({ client: clientOf(url, 2), bucket: Bucket, prefix: "jobs/7" });
    await store.write("half.npy", bytesOf(1, 300_000));
    const failure = await bucket.write("half.npy", bytesOf(2, 300_000)).catch((error) => error);
    expect([errorCode(failure), failure.message]).toEqual([
      "unreachable",
      expect.stringMatching(/^s3:\/\/pictures\/jobs\/7\/half\.npy cannot be written: .+, 8 times$/),
    ]);
    await expect(bucket.write("new.npy", bytesOf(2, 300_000))).rejects.toThrow(/cannot be written/);
    expectBytes(await store.read("half.npy"), bytesOf(1, 300_000));
    expect(await store.read("new.npy")).toBeUndefined();
  });

  it.each([500, 503] as const)("is asked again a bounded number of times on %i", async (fault) => {
    const { url, faults } = await proxied(server.url, () => fault);
    const bucket = s3Store({ client: clientOf(url, 3), bucket: Bucket });
    const failure = await bucket.read("x").catch((error) => error);
    expect(faults).toEqual(new Array(12).fill(fault));
    expect([errorCode(failure), failure.message]).toEqual([
      "download-failed",
      expect.stringMatching(`^s3://pictures/x cannot be read: ${fault} .*, 12 times$`),
    ]);
  });

  it("gives up on an answer that always breaks off", async () => {
    const { url, faults } = await proxied(server.url, () => "cut answer");
    const bucket = s3Store({ client: clientOf(url), bucket: Bucket, prefix: "jobs/7" });
    await store.write("long.npy", bytesOf(1, 100_000));
    await expect(bucket.read("long.npy")).rejects.toThrow(/long\.npy cannot be read: .*, 4 times$/);
    expect(faults).toHaveLength(4);
  });

  it("is found by its address and the environment", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_S3", server.url);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
    const found = await openS3Store(`s3://${Bucket}/jobs/9/`);
    await found.write("a", bytesOf(3, 10));
    expect(await s3Store({ client, bucket: Bucket, prefix: "jobs/9" }).list("")).toEqual(["a"]);
    await expect(openS3Store("s3:///jobs")).rejects.toThrow(/must be s3:\/\/BUCKET\/PREFIX/);
    await expect(openS3Store("s3://pictures/../up")).rejects.toThrow(RangeError);
  });
});

/** A server with one answer to all. */
async function answering(status: number, headers: Record<string, string>, body = "") {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    request.resume();
    response.writeHead(status, headers).write(body);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  open.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { store: s3Store({ client: clientOf(url, 3), bucket: Bucket }), asked: () => asked };
}

test("a file that is too large is refused before its bytes are read", async () => {
  const { store } = await answering(200, { "content-length": String(2 ** 40) }, "begin");
  const failure = await store.read("large").catch((error) => error);
  expect([errorCode(failure), failure.message]).toEqual([
    "file-too-large",
    expect.stringMatching(`has ${2 ** 40} bytes`),
  ]);
  const { store: small } = await answering(200, { "content-length": "12" }, "twelve bytes");
  await expect(small.read("small", 11)).rejects.toThrow("the file has 12 bytes, 11 are allowed");
});

test("a refusal is final, and has its reason", async () => {
  const body = "<Error><Code>AccessDenied</Code><Message>not yours</Message></Error>";
  const length = { "content-length": String(body.length) };
  const { store, asked } = await answering(403, length, body);
  await expect(store.write("x", bytesOf(0, 1))).rejects.toThrow(
    /x cannot be written: 403 AccessDenied not yours$/,
  );
  expect(asked()).toBe(1);
});

test("keys that are missing are asked for", async () => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_REGION", "us-east-1");
  for (const name of ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"])
    vi.stubEnv(name, join(tmpdir(), "gen-no-keys"));
  const store = await openS3Store("s3://pictures/jobs");
  await expect(store.read("x")).rejects.toThrow(/set AWS_ACCESS_KEY_ID and .* from any providers$/);
});

test("a store that is not there is named", async () => {
  const store = s3Store({ client: clientOf("http://127.0.0.1:1", 2), bucket: Bucket });
  const failure = await store.list("").catch((error) => error);
  expect([errorCode(failure), failure.message]).toEqual([
    "unreachable",
    expect.stringMatching(/^s3:\/\/pictures\/ cannot be listed: .*ECONNREFUSED.*, 8 times$/),
  ]);
});

test("a store in a folder replaces whole files, and knows no others", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gen-store-"));
  open.push({ close: () => rmSync(folder, { recursive: true }) });
  const store = folderStore(join(folder, "in"));
  expect(await store.list("")).toEqual([]);
  await store.write("a/b.npy", bytesOf(1, 5000));
  await store.write("a/b.npy", bytesOf(2, 3000));
  expectBytes(await store.read("a/b.npy"), bytesOf(2, 3000));
  expect(await store.read("a/c.npy")).toBeUndefined();
  expect(readdirSync(join(folder, "in", "a"))).toEqual(["b.npy"]);
  for (const name of ["../up", "/root", "a/../../up", ".hidden", "a//b", "a\\b", ""]) {
    await expect(store.write(name, bytesOf(0, 1)), name).rejects.toThrow(RangeError);
    await expect(store.read(name), name).rejects.toThrow(RangeError);
  }
  await expect(store.list("a")).rejects.toThrow(/prefix must end with/);
  mkdirSync(join(folder, "in", ".other"));
  for (const name of ["a/of others", "a/.part.tmp", ".other/file"])
    writeFileSync(join(folder, "in", name), "");
  expect(await store.list("")).toEqual(["a/b.npy"]);
  await store.write("c/d/e.npy", bytesOf(1, 10));
  await store.write("c/f.npy", bytesOf(1, 10));
  for (const name of ["c/d/e.npy", "c/d/none", "none"]) await store.remove?.(name);
  expect(readdirSync(join(folder, "in", "c"))).toEqual(["f.npy"]);
  await expect(store.remove?.("../up")).rejects.toThrow(RangeError);
  await store.remove?.("c/f.npy");
  expect(readdirSync(join(folder, "in"))).not.toContain("c");
  truncateSync(join(folder, "in", "a", "b.npy"), 2 ** 31);
  const failure = await store.read("a/b.npy").catch((error) => error);
  expect(errorCode(failure)).toBe("file-too-large");
  truncateSync(join(folder, "in", "a", "b.npy"), 12);
  expect(await store.read("a/b.npy", 12)).toHaveLength(12);
  await expect(store.read("a/b.npy", 11)).rejects.toThrow("a/b.npy has 12 bytes, 11 are allowed");
});
