import { execFileSync } from "node:child_process";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { GenError } from "@gen/math";
import { ArgumentError, shown } from "@gen/math/arguments";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  etagOf,
  type FileServer,
  noise,
  type Served,
  serveFiles,
  sha256,
} from "../../../tooling/fixtures/file-server.ts";
import { type FileProgress, type FileStore, modelFiles } from "../src/index.ts";

const [a, b, c] = [noise(1000, 1), noise(1000, 2), noise(1000, 3)];

let server: FileServer;
let folder: string;

beforeAll(async () => {
  server = await serveFiles();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.reset();
  folder = await mkdtemp(join(tmpdir(), "model-files-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

function serve(path: string, bytes: Uint8Array, how: Partial<Served> = {}): string {
  server.files.set(path, { bytes, etag: etagOf(bytes), ...how });
  return server.url + path;
}

/** A store in memory. `most` is the largest number of bytes of files and pieces that it held. */
function memoryStore(): FileStore & { files: Map<string, Uint8Array>; most: number } {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    most: 0,
    read: async (name) => files.get(name),
    async write(name, bytes) {
      files.set(name, bytes);
      const counted = [...files].filter(([each]) => /^[0-9a-f]{64}(\.\d+)?$/.test(each));
      const total = counted.reduce((sum, [, each]) => sum + each.length, 0);
      this.most = Math.max(this.most, total);
    },
    async remove(name) {
      files.delete(name);
    },
    sizes: async () => new Map([...files].map(([name, each]) => [name, each.length])),
  };
}

describe("the capacity", () => {
  it("removes the least recently used file", async () => {
    const files = modelFiles({ folder, capacity: 2500 });
    const urls = [serve("/a", a), serve("/b", b), serve("/c", c)];
    await files.fetch(urls[0]);
    await files.fetch(urls[1]);
    await files.fetch(urls[0]);
    await files.fetch(urls[2]);
    const kept = await files.list();
    expect(kept.map((each) => each.sha256)).toEqual([sha256(c), sha256(a)]);
    expect(kept.map((each) => each.urls)).toEqual([[urls[2]], [urls[0]]]);
    expect(kept[0].lastUsed.getTime()).toBeGreaterThan(kept[1].lastUsed.getTime());
  });

  it("is never exceeded, also not by pieces", async () => {
    const store = memoryStore();
    const capacity = 15_000_000;
    const files = modelFiles({ store, capacity });
    const [large, larger] = [noise(9_000_000, 4), noise(10_000_000, 5)];
    await files.fetch(serve("/a", large));
    await files.fetch(serve("/b", larger));
    expect(store.most).toBeLessThanOrEqual(capacity);
    expect((await files.list()).map(({ bytes }) => bytes)).toEqual([larger.length]);
    await Promise.all([
      files.fetch(`${server.url}/a`),
      files.fetch(serve("/c", noise(8_000_000, 6))),
    ]);
    expect(store.most).toBeLessThanOrEqual(capacity);
    expect(await files.list()).toHaveLength(1);
  });

  it("does not store a larger file, and removes no other file for it", async () => {
    const files = modelFiles({ folder, capacity: 2500 });
    await files.fetch(serve("/a", a));
    const large = noise(5_000_000);
    for (const chunked of [false, true]) {
      const url = serve(`/${chunked}`, large, { chunked, stallsAfter: 4_500_000 });
      const controller = new AbortController();
      const onProgress = ({ loaded }: FileProgress) => loaded > 4.4e6 && controller.abort();
      const { signal } = controller;
      await expect(files.fetch(url, { signal, onProgress })).rejects.toThrow("abort");
      serve(`/${chunked}`, large, { chunked });
      expect(sha256(await files.fetch(url))).toBe(sha256(large));
      expect((await files.list()).map((each) => each.sha256)).toEqual([sha256(a)]);
    }
  });

  it("of 0 stores nothing", async () => {
    const files = modelFiles({ folder, capacity: 0 });
    const url = serve("/a", a);
    await files.fetch(url);
    await files.fetch(url);
    expect(await files.list()).toEqual([]);
    expect(server.asked.map(({ status }) => status)).toEqual([200, 200]);
  });

  it("holds for any order of fetches, and each fetch gets its file", async () => {
    const bytes = [300, 700, 1100, 1900].map((size, i) => noise(size, i + 10));
    const urls = bytes.map((each, i) => serve(`/${i}`, each));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 3 }), { maxLength: 8 }),
        fc.integer({ min: 0, max: 4000 }),
        async (order, capacity) => {
          const store = memoryStore();
          const files = modelFiles({ store, capacity });
          for (const i of order) expect(await files.fetch(urls[i])).toEqual(bytes[i]);
          expect(store.most).toBeLessThanOrEqual(capacity);
          // The file that was used last is stored if it fits.
          const last = order.findLast((i) => bytes[i].length <= capacity);
          const first = (await files.list())[0];
          expect(first?.sha256).toBe(last === undefined ? undefined : sha256(bytes[last]));
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("evicting", () => {
  it("by SHA-256 or URL frees the bytes; a content of two URLs stays until both are evicted", async () => {
    const files = modelFiles({ folder });
    const urls = [serve("/a", a), serve("/again", a), serve("/b", b)];
    for (const url of urls) await files.fetch(url);
    expect((await files.list()).map((each) => each.urls)).toEqual([[urls[2]], [urls[0], urls[1]]]);
    expect(await files.evict(urls[0])).toBe(0);
    expect(await files.evict(new URL(urls[1]))).toBe(1000);
    expect(await files.evict(urls[1])).toBe(0);
    expect(await files.evict(sha256(b).toUpperCase())).toBe(1000);
    expect(await readdir(folder)).toEqual([]);
  });

  it("everything leaves other files in the folder", async () => {
    await writeFile(join(folder, "notes.txt"), "mine");
    await mkdir(join(folder, "0".repeat(64)));
    const files = modelFiles({ folder });
    await files.fetch(serve("/a", a));
    await files.fetch(serve("/b", b));
    expect(await files.clear()).toBe(2000);
    expect((await readdir(folder)).sort()).toEqual(["0".repeat(64), "notes.txt"]);
  });

  it("during a download does not break it", async () => {
    const large = noise(9_000_000, 4);
    const files = modelFiles({ folder });
    const url = serve("/a", large);
    let cleared: Promise<number> | undefined;
    const onProgress = ({ loaded }: FileProgress) => {
      if (loaded > 5e6) cleared ??= files.clear();
    };
    expect(sha256(await files.fetch(url, { onProgress }))).toBe(sha256(large));
    expect(await cleared).toBeGreaterThan(0);
  });
});

describe("the folder", () => {
  it("is in the user's cache folder by default", async () => {
    vi.stubEnv("XDG_CACHE_HOME", folder);
    expect(await modelFiles().list()).toEqual([]);
    await modelFiles().fetch(serve("/a", a));
    expect(await readFile(join(folder, "gen", "models", sha256(a)))).toEqual(Buffer.from(a));
  });

  it("loses temporary files that are an hour old", async () => {
    const left = ["1", "2"].map((id) => join(folder, `${sha256(a)}.${id}.tmp`));
    for (const path of left) await writeFile(path, "half");
    await utimes(left[0], 0, 0);
    expect(await modelFiles({ folder }).list()).toEqual([]);
    expect((await readdir(folder)).map((name) => join(folder, name))).toEqual([left[1]]);
  });

  it("that cannot be written causes a warning, and the fetch returns the file", async () => {
    const path = join(folder, "file");
    await writeFile(path, "");
    const warnings: string[] = [];
    const files = modelFiles({ folder: path, onWarning: (message) => warnings.push(message) });
    expect(await files.fetch(serve("/a", a))).toEqual(a);
    expect(warnings).not.toEqual([]);
    expect(new Set(warnings).size).toBe(warnings.length);
    expect(warnings.join("\n")).toMatch(/cannot write \((EEXIST|ENOTDIR).*going on without/);
    await expect(files.clear()).rejects.toThrow("ENOTDIR");
  });
});

describe("a folder that cannot be written", () => {
  it.each(["/proc/none/at/all", "/dev/null/models", `/tmp/${"x".repeat(300)}/models`, "a\0b"])(
    "such as %j ends in a warning, not in a wait",
    async (path) => {
      const warnings: string[] = [];
      const files = modelFiles({ folder: path, onWarning: (message) => warnings.push(message) });
      expect(await files.fetch(serve("/a", a))).toEqual(a);
      expect(warnings.join("\n")).toMatch(/cannot write \(.*\); going on without/);
    },
  );

  it.each(["ENOSPC: no space left on device", "EROFS: read-only file system", "EDQUOT"])(
    "because of %s returns the files, and reads those that it has",
    async (reason) => {
      const store = memoryStore();
      await modelFiles({ store }).fetch(serve("/a", a));
      const full = { ...store, write: () => Promise.reject(new Error(reason)) };
      const warnings: string[] = [];
      const files = modelFiles({ store: full, onWarning: (message) => warnings.push(message) });
      const large = noise(9_000_000, 4);
      const url = serve("/b", large, { breaks: [5_000_000] });
      const onProgress = ({ loaded }: FileProgress) => server.hangUp(loaded);
      expect(sha256(await files.fetch(url, { onProgress }))).toBe(sha256(large));
      expect(await files.fetch(`${server.url}/a`)).toEqual(a);
      expect(server.asked.map(({ status }) => status)).toEqual([200, 200, 206, 304]);
      expect(warnings).toEqual([
        `the store of model files cannot write (${reason}); going on without: free some space, or give another folder`,
      ]);
    },
  );
});

describe("what lies under a name in the folder", () => {
  const path = () => join(folder, sha256(a));

  it.each([
    ["a folder", () => mkdir(path())],
    ["a link to a file", () => symlink("/etc/hostname", path())],
    ["a link to itself", () => symlink(path(), path())],
    ["a link to nothing", () => symlink("/none", path())],
    ["a named pipe", () => void execFileSync("sh", ["-c", 'mkfifo "$0"', path()])],
    ["a link to a device without an end", () => symlink("/dev/zero", path())],
  ])("may be %s: the file is downloaded", async (_, create) => {
    await create();
    const files = modelFiles({ folder, onWarning: () => undefined });
    const url = serve("/a", a);
    expect(await files.fetch(url, { sha256: sha256(a) })).toEqual(a);
    expect(await files.fetch(url)).toEqual(a);
    await files.clear();
  });

  it("is not followed out of the folder, neither for reading nor for removal", async () => {
    const outside = await mkdtemp(join(tmpdir(), "outside-"));
    const other = join(outside, "a");
    await writeFile(other, a);
    await symlink(other, path());
    const files = modelFiles({ folder });
    expect(await files.list()).toEqual([]);
    await files.fetch(serve("/a", a), { sha256: sha256(a) });
    expect(server.asked).toHaveLength(1);
    await files.clear();
    expect(await readFile(other)).toEqual(Buffer.from(a));
    await rm(outside, { recursive: true });
  });

  it("may be records of any size and content", async () => {
    const url = serve("/a", a);
    const files = modelFiles({ folder });
    for (const record of ["[]", "5", '"x"', '{"__proto__":{"sha256":1}}', "\0", "{".repeat(1e6)]) {
      for (const suffix of ["url", "part", "used"]) {
        await writeFile(join(folder, `${sha256(Buffer.from(url))}.${suffix}`), record);
        await writeFile(join(folder, `${sha256(a)}.${suffix}`), record);
      }
      expect(await files.fetch(url)).toEqual(a);
      expect((await files.list()).map((each) => each.bytes)).toEqual([1000]);
    }
    const huge = join(folder, `${sha256(Buffer.from(url))}.url`);
    await truncate(huge, 2 ** 40);
    expect(await files.fetch(url)).toEqual(a);
  });
});

it("the garbage collector does not cancel a body while its first record is written", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const store = memoryStore();
  const { write } = store;
  store.write = async (name, bytes) => {
    for (let i = 0; i < 3; i++) {
      collect();
      await later(5);
    }
    return write.call(store, name, bytes);
  };
  const large = noise(3_000_000, 7);
  expect(sha256(await modelFiles({ store }).fetch(serve("/a", large)))).toBe(sha256(large));
  expect(server.asked.map(({ status }) => status)).toEqual([200]);
});

describe("a folder at a URL", () => {
  it("gives its files, and undefined for a missing file", async () => {
    serve("/m/unet/model.onnx", a);
    serve("/m/with%20space%3F.json", b);
    serve("/m/page.json", c, { type: "text/html; charset=utf-8" });
    for (const base of [`${server.url}/m`, `${server.url}/m/?token=1`]) {
      const read = modelFiles({ folder }).folder(base);
      expect(await read("unet/model.onnx")).toEqual(a);
      expect(await read("with space?.json")).toEqual(b);
      expect(await read("model_index.json")).toBeUndefined();
      // Servers of single-page applications answer so for every path.
      expect(await read("page.json")).toBeUndefined();
    }
  });

  it.each([
    ["https://huggingface.co/a/b", "https://huggingface.co/a/b/resolve/main/c.json"],
    ["https://huggingface.co/a/b/", "https://huggingface.co/a/b/resolve/main/c.json"],
    ["https://huggingface.co/a/b/tree/v1/d", "https://huggingface.co/a/b/resolve/v1/d/c.json"],
    ["https://huggingface.co/a/b/resolve/v1", "https://huggingface.co/a/b/resolve/v1/c.json"],
    ["https://a.huggingface.co/a/b", "https://a.huggingface.co/a/b/c.json"],
  ])("of the model's page %s has its files", async (page, url) => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: URL) => {
      asked.push(url.href);
      return new Response("{}");
    });
    await modelFiles({ folder }).folder(page)("c.json");
    vi.unstubAllGlobals();
    expect(asked).toEqual([url]);
  });

  it("opens its files where they lie", async () => {
    serve("/m/a.bin", a);
    const files = modelFiles({ folder });
    const { open } = files.folder(`${server.url}/m`);
    const [first, second] = await Promise.all([open("a.bin"), open("a.bin")]);
    expect(await open("b.bin")).toBeUndefined();
    expect(server.asked.map(({ path }) => path)).toEqual(["/m/a.bin", "/m/b.bin"]);
    expect([first?.size, second?.size]).toEqual([1000, 1000]);
    const part = await first?.slice(10, 20).arrayBuffer();
    expect(new Uint8Array(part as ArrayBuffer)).toEqual(a.slice(10, 20));
    // The bytes are in the folder, not in the blob.
    await writeFile(join(folder, sha256(a)), b);
    await expect(first?.arrayBuffer()).rejects.toThrow();
  });

  it("opens a file that no store keeps", async () => {
    const url = serve("/a", a);
    for (const store of [memoryStore(), { ...memoryStore(), open: async () => undefined }]) {
      const blob = await modelFiles({ store, capacity: 0 }).open(url);
      expect(new Uint8Array(await blob.arrayBuffer())).toEqual(a);
    }
  });

  it("without its server has the files that it had, and no others", async () => {
    const files = modelFiles({ folder });
    const near = await serveFiles();
    near.files.set("/m/a.bin", { bytes: a });
    const read = files.folder(`${near.url}/m`, { attempts: 1 });
    await read("a.bin");
    await read("b.bin");
    await near.close();
    expect(await read("a.bin")).toEqual(a);
    expect(await read("b.bin")).toBeUndefined();
    await expect(read("c.bin")).rejects.toThrow(/cannot be reached/);
    await files.evict(`${near.url}/m/b.bin`);
    await expect(read("b.bin")).rejects.toThrow(/cannot be reached/);
  });

  it("has a file that appears later, also without its server", async () => {
    const near = await serveFiles();
    const read = modelFiles({ folder }).folder(near.url, { attempts: 1 });
    expect(await read("a.bin")).toBeUndefined();
    near.files.set("/a.bin", { bytes: a });
    expect(await read("a.bin")).toEqual(a);
    await near.close();
    expect(await read("a.bin")).toEqual(a);
  });

  it("reports progress with the path, and passes options on", async () => {
    serve("/m/a.bin", a);
    const reports: (FileProgress & { path: string })[] = [];
    const files = modelFiles({ folder });
    const headers = { authorization: "Bearer key", range: "bytes=5-6" };
    const onProgress = (each: FileProgress & { path: string }) => reports.push(each);
    await files.folder(`${server.url}/m`, { headers, onProgress })("a.bin");
    expect(reports.at(-1)).toEqual({ path: "a.bin", loaded: 1000, total: 1000, secondsLeft: 0 });
    expect(server.asked[0].headers.authorization).toBe("Bearer key");
    await expect(files.folder(`${server.url}/m`, { limit: 999 })("a.bin")).rejects.toThrow("999");
    const signal = AbortSignal.abort();
    await expect(files.folder(`${server.url}/m`, { signal })("a.bin")).rejects.toThrow("abort");
  });

  it("with hashes has only those files, and checks them", async () => {
    serve("/m/a.bin", a);
    serve("/m/b.bin", b);
    const hashes = { "a.bin": sha256(a), "wrong.bin": sha256(a) };
    const read = modelFiles({ folder }).folder(`${server.url}/m`, { sha256: hashes });
    expect(await read("b.bin")).toBeUndefined();
    expect(await read("toString")).toBeUndefined();
    expect(server.asked).toEqual([]);
    expect(await read("a.bin")).toEqual(a);
    await modelFiles({ folder }).clear();
    serve("/m/wrong.bin", b);
    await expect(read("wrong.bin")).rejects.toThrow(`has SHA-256 ${sha256(b)}, not ${sha256(a)}`);
  });

  it.each([
    "..",
    "../a",
    "x/../../a",
    "/a",
    "//elsewhere/a",
    "x//a",
    "./a",
    "",
    "x/",
    "..\\a",
    "\ud800",
  ])("refuses the path %j", async (path) => {
    serve("/a", a);
    const read = modelFiles({ folder }).folder(`${server.url}/m/`);
    await expect(read(path)).rejects.toThrow(
      new ArgumentError(`path must be relative and stay in its folder, got ${shown(path)}`),
    );
  });

  it.each(["%2e%2e/a", "a?b#c", "@elsewhere:80", "a\0b", "CON", "a".repeat(3000)])(
    "encodes %j as a name",
    async (path) => {
      const read = modelFiles({ folder }).folder(`${server.url}/m/`);
      expect(await read(path)).toBeUndefined();
      const encoded = path.split("/").map(encodeURIComponent).join("/");
      expect(server.asked.map((each) => each.path)).toEqual([`/m/${encoded}`]);
    },
  );
});

describe("a request", () => {
  it.each(["file:///etc/passwd", "data:text/plain,a", "blob:x", "a/b", ""])(
    "needs an http or https URL, not %j",
    async (url) => {
      const files = modelFiles({ folder });
      const message = `url must be an http or https URL, got ${url || '""'}`;
      await expect(files.fetch(url)).rejects.toThrow(new ArgumentError(message));
      expect(() => files.folder(url)).toThrow(message);
      await expect(files.evict(url)).rejects.toThrow(message);
    },
  );

  it("checks its limit, and the capacity", async () => {
    for (const limit of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
      const message = `limit must be a whole number of bytes in [1, 2147483647], got ${limit}`;
      expect(() => modelFiles({ folder, limit })).toThrow(new ArgumentError(message));
      await expect(modelFiles({ folder }).fetch(server.url, { limit })).rejects.toThrow(message);
    }
    for (const capacity of [-1, Number.NaN]) {
      expect(() => modelFiles({ folder, capacity })).toThrow(
        new ArgumentError(`capacity must be at least 0 bytes, got ${capacity}`),
      );
    }
  });

  it("follows a redirect, and throws file-missing for a file that the server does not have", async () => {
    serve("/a", a);
    serve("/old", new Uint8Array(0), { redirect: "/a" });
    const files = modelFiles({ folder });
    expect(await files.fetch(`${server.url}/old`)).toEqual(a);
    const error = await files.fetch(`${server.url}/none`).catch((error) => error);
    expect(error).toBeInstanceOf(GenError);
    expect(error).toMatchObject({ name: "GenError", code: "file-missing" });
    expect(error.message).toBe(`${server.url}/none answered 404 Not Found`);
  });
});
