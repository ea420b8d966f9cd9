import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  etagOf,
  type FileServer,
  noise,
  patient,
  type Served,
  serveFiles,
  sha256,
} from "../../../tooling/fixtures/file-server.ts";
import { type FileProgress, modelFiles } from "../src/index.ts";
import type { ModelFilesOptions } from "../src/model-files.ts";

const piece = 2 ** 22;
const small = noise(1000);
const large = noise(2 * piece + 5000, 2);
const other = noise(2 * piece + 7000, 3);

let server: FileServer;
let folder: string;
const folders: string[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  server = await serveFiles();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.reset();
  warnings.length = 0;
  folder = await mkdtemp(join(tmpdir(), "model-files-"));
  folders.push(folder);
});
afterEach(async () => {
  expect(warnings).toEqual([]);
  for (const each of folders.splice(0)) await rm(each, { recursive: true, force: true });
});

const open = (options: ModelFilesOptions = {}) =>
  modelFiles({ folder, onWarning: (message) => warnings.push(message), ...options });

/** Serves a file, by default with an ETag. Returns its URL. */
function serve(path: string, bytes: Uint8Array, how: Partial<Served> = {}): string {
  server.files.set(path, { bytes, etag: etagOf(bytes), ...how });
  return server.url + path;
}

const contents = async () => (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
const same = (got: Uint8Array, want: Uint8Array) =>
  expect(Buffer.compare(got, want), "bytes differ").toBe(0);
const statuses = () => server.asked.map(({ status }) => status);

/** Stops a fetch once `bytes` have arrived. */
async function stopAt(url: string, bytes: number, options = {}): Promise<void> {
  const controller = new AbortController();
  const onProgress = ({ loaded }: FileProgress) => loaded >= bytes && controller.abort();
  const { signal } = controller;
  const fetched = open().fetch(url, { ...options, signal, onProgress });
  await expect(fetched).rejects.toMatchObject({ name: "AbortError" });
}

describe("a stored file", () => {
  it("has its SHA-256 as its name, and is requested again but not sent again", async () => {
    const url = serve("/a", small);
    same(await open().fetch(url), small);
    expect(await contents()).toEqual([sha256(small)]);
    expect(new Uint8Array(await readFile(join(folder, sha256(small))))).toEqual(small);
    same(await open().fetch(`${url}#part`), small);
    expect(statuses()).toEqual([200, 304]);
    expect(server.asked[0].headers["accept-encoding"]).toBe("identity");
  });

  it("is recognized by its date if the server has no ETag", async () => {
    const url = serve("/a", small, { etag: undefined, modified: new Date(0).toUTCString() });
    await open().fetch(url);
    same(await open().fetch(url), small);
    expect(statuses()).toEqual([200, 304]);
  });

  it("needs no server when its SHA-256 is given, also at another URL", async () => {
    await open().fetch(serve("/a", small));
    const hash = sha256(small).toUpperCase();
    same(await open().fetch(`${server.url}/b`, { sha256: hash }), small);
    expect(statuses()).toEqual([200]);
  });

  it("is replaced when the server has another version", async () => {
    const url = serve("/a", small);
    await open().fetch(url);
    serve("/a", large);
    same(await open().fetch(url), large);
    expect(statuses()).toEqual([200, 200]);
  });

  it("is used when the server cannot be reached, and only then", async () => {
    const away = await serveFiles();
    away.files.set("/a", { bytes: small, etag: etagOf(small) });
    await open().fetch(`${away.url}/a`);
    away.files.clear();
    await expect(open().fetch(`${away.url}/a`)).rejects.toThrow("answered 404");
    await away.close();
    same(await open().fetch(`${away.url}/a`), small);
    await expect(open().fetch(`${away.url}/b`)).rejects.toThrow(/\/b cannot be reached \(.+\)/);
  });

  it.each([
    ["changed", (path: string) => writeFile(path, noise(1000, 9))],
    ["cut off", (path: string) => truncate(path, 999)],
  ])("is fetched again when it was %s", async (_, damage) => {
    const url = serve("/a", small);
    await open().fetch(url);
    for (const options of [{}, { sha256: sha256(small) }]) {
      await damage(join(folder, sha256(small)));
      same(await open().fetch(url, options), small);
      same(new Uint8Array(await readFile(join(folder, sha256(small)))), small);
    }
    expect(statuses()).toEqual([200, 200, 200]);
  });

  it("is fetched again when its records are damaged", async () => {
    const url = serve("/a", small);
    await open().fetch(url);
    for (const name of await readdir(folder)) {
      if (name.length > 64) await writeFile(join(folder, name), name.endsWith("l") ? "{" : "null");
    }
    same(await open().fetch(url), small);
    expect(statuses()).toEqual([200, 200]);
  });
});

describe("a SHA-256", () => {
  it("that differs from the file's is an error that names both, and nothing is stored", async () => {
    const wanted = "0".repeat(64);
    const fetched = open().fetch(serve("/a", small), { sha256: wanted });
    await expect(fetched).rejects.toThrow(
      expect.objectContaining({ name: "GenError", code: "file-changed" }),
    );
    await expect(fetched).rejects.toThrow(
      `/a has SHA-256 ${sha256(small)}, not ${wanted}: it is not stored`,
    );
    expect(await readdir(folder)).toEqual([]);
    expect(statuses()).toEqual([200]);
  });

  it("must be 64 hexadecimal digits", async () => {
    await expect(open().fetch(server.url, { sha256: "../etc" })).rejects.toThrow(
      'sha256 must be 64 hexadecimal digits, got "../etc"',
    );
  });

  it("needs a secure context", async () => {
    vi.stubGlobal("crypto", {});
    await expect(open().fetch(serve("/a", small))).rejects.toThrow("https or from localhost");
    vi.unstubAllGlobals();
  });
});

describe("progress", () => {
  it("counts up to the total", async () => {
    const reports: FileProgress[] = [];
    const url = serve("/a", large);
    await open().fetch(url, { onProgress: (progress) => reports.push(progress) });
    expect(reports[0]).toEqual({ loaded: 0, total: large.length, secondsLeft: undefined });
    expect(reports.length).toBeGreaterThan(10);
    expect(reports.every(({ loaded }, i) => i === 0 || loaded > reports[i - 1].loaded)).toBe(true);
    expect(reports.at(-1)).toEqual({ loaded: large.length, total: large.length, secondsLeft: 0 });
    const middle = reports[Math.floor(reports.length / 2)].secondsLeft;
    expect(middle).toBeGreaterThan(0);
    reports.length = 0;
    await open().fetch(url, { onProgress: (progress) => reports.push(progress) });
    expect(reports).toEqual([{ loaded: large.length, total: large.length, secondsLeft: 0 }]);
  });

  it("ends its own fetch when onProgress throws", async () => {
    const fetched = open().fetch(serve("/a", large), {
      onProgress: () => {
        throw new TypeError("the caller's own");
      },
    });
    await expect(fetched).rejects.toThrow("the caller's own");
  });
});

describe("a download that was stopped", () => {
  it.each([piece + 3, piece, 500])("after %i bytes continues from there", async (bytes) => {
    const url = serve("/a", large, { stallsAfter: bytes });
    await stopAt(url, bytes);
    expect(server.asked[0]).toMatchObject({ sent: bytes });
    await vi.waitFor(() => expect(server.asked[0].left).toBe(true), patient);
    serve("/a", large);
    const reports: FileProgress[] = [];
    same(await open().fetch(url, { onProgress: (each) => reports.push(each) }), large);
    expect(reports[0]).toMatchObject({ loaded: bytes, total: large.length });
    const { headers, status, sent } = server.asked[1];
    expect(status).toBe(206);
    expect(headers).toMatchObject({ range: `bytes=${bytes}-`, "if-range": etagOf(large) });
    expect(sent).toBe(large.length - bytes);
    expect((await readdir(folder)).filter((name) => /\.(part|\d+)$/.test(name))).toEqual([]);
  });

  it("continues from its last full piece if its process ended, or still runs", async () => {
    const url = serve("/a", large, { stallsAfter: 2 * piece + 10 });
    const controller = new AbortController();
    const never = open().fetch(url, { signal: controller.signal });
    await vi.waitFor(
      async () => expect((await readdir(folder)).some((name) => name.endsWith(".1"))).toBe(true),
      patient,
    );
    serve("/a", large);
    same(await open().fetch(url), large);
    expect(server.asked[1].headers.range).toBe(`bytes=${2 * piece}-`);
    controller.abort();
    await expect(never).rejects.toThrow();
    same(await open().fetch(url), large);
  });

  it("continues from its first gap, whatever pieces follow it", async () => {
    const url = serve("/a", large, { stallsAfter: piece + 3 });
    await stopAt(url, piece + 3);
    const short = (await readdir(folder)).find((name) => name.endsWith(".1")) as string;
    await writeFile(join(folder, short.replace(/1$/, "2")), noise(piece, 8));
    serve("/a", large);
    same(await open().fetch(url), large);
    expect(server.asked[1].headers.range).toBe(`bytes=${piece + 3}-`);
  });

  it("starts again if the server has no ranges", async () => {
    const url = serve("/a", large, { stallsAfter: piece + 3 });
    await stopAt(url, piece + 3);
    serve("/a", large, { whole: true });
    same(await open().fetch(url), large);
    expect(statuses()).toEqual([200, 200]);
  });

  it.each([
    ["says so", {}, [200, 200]],
    ["answers with a part of the new version", { ignoresIfRange: true }, [200, 206, 200]],
  ])("starts again if the file changed and the server %s", async (_, how, asked) => {
    const url = serve("/a", large, { stallsAfter: piece + 3 });
    await stopAt(url, piece + 3);
    serve("/a", other, how);
    same(await open().fetch(url), other);
    expect(statuses()).toEqual(asked);
  });

  it("starts again if the file became shorter than the stored part", async () => {
    const url = serve("/a", large, { stallsAfter: piece + 3 });
    await stopAt(url, piece + 3);
    serve("/a", small, { ignoresIfRange: true });
    same(await open().fetch(url), small);
    expect(statuses()).toEqual([200, 416, 200]);
  });

  it("starts again if versions cannot be reports apart", async () => {
    const how = { etag: 'W/"weak"' };
    const url = serve("/a", large, { ...how, stallsAfter: piece + 3 });
    await stopAt(url, piece + 3);
    expect(await readdir(folder)).toEqual([]);
    serve("/a", other, how);
    same(await open().fetch(url), other);
    expect(server.asked[1].headers.range).toBeUndefined();
  });

  it("continues by its SHA-256 alone, and starts again if the parts do not fit", async () => {
    const url = serve("/a", large, { etag: undefined, stallsAfter: piece + 3 });
    const options = { sha256: sha256(large) };
    await stopAt(url, piece + 3, options);
    serve("/a", large, { etag: undefined });
    same(await open().fetch(url, options), large);
    expect(statuses()).toEqual([200, 206]);

    await open().clear();
    serve("/a", other, { etag: undefined, stallsAfter: piece + 3 });
    await stopAt(url, piece + 3, options);
    serve("/a", large, { etag: undefined });
    same(await open().fetch(url, options), large);
    expect(statuses().slice(2)).toEqual([200, 206, 200]);
  });

  it("is listed, and can be evicted", async () => {
    const url = serve("/a", large, { stallsAfter: piece + 3 });
    await stopAt(url, piece + 3);
    const files = open();
    const [part] = await files.list();
    expect(part).toMatchObject({ sha256: undefined, urls: [url], bytes: piece + 3 });
    expect(await files.evict(url)).toBe(piece + 3);
    expect(await readdir(folder)).toEqual([]);
  });

  it("does not begin when the signal is already aborted", async () => {
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(open().fetch(serve("/a", small), { signal })).rejects.toThrow("too late");
    expect(server.asked).toEqual([]);
  });
});

/** Makes the server break the connection when everything that it sent has arrived. */
const breaking = { onProgress: ({ loaded }: FileProgress) => server.hangUp(loaded) };

describe("a connection that breaks", () => {
  it.each([1, piece, piece + 1, large.length - 1])("after %i bytes is resumed", async (at) => {
    const url = serve("/a", large, { breaks: [at] });
    same(await open().fetch(url, breaking), large);
    expect(statuses()).toEqual([200, 206]);
    expect(server.asked[1].headers.range).toBe(`bytes=${at}-`);
  });

  it("before the first byte, or without a validator, starts again", async () => {
    same(await open().fetch(serve("/a", large, { breaks: [0] }), breaking), large);
    const nothing = { etag: undefined, breaks: [piece + 1] };
    same(await open().fetch(serve("/b", large, nothing), breaking), large);
    expect(server.asked.every(({ headers }) => headers.range === undefined)).toBe(true);
  });

  it("three times ends in an error, after which another call continues", async () => {
    const url = serve("/a", large, { breaks: [1000, 1000, 1000] });
    await expect(open().fetch(url, breaking)).rejects.toThrow(
      /\/a broke off after 3000 of 8393608 bytes \(.+\); another call continues from there/,
    );
    same(await open().fetch(url), large);
    expect(server.asked.at(-1)?.headers.range).toBe("bytes=3000-");
  });
});

describe("a length", () => {
  it("above the limit is refused before the body is read", async () => {
    const url = serve("/a", large);
    await expect(open({ limit: 5000 }).fetch(url)).rejects.toThrow(
      `/a has ${large.length} bytes, at most 5000 are allowed`,
    );
    await expect(open().fetch(url, { limit: large.length - 1 })).rejects.toThrow("are allowed");
    same(await open().fetch(url, { limit: large.length }), large);
    await expect(open().fetch(url, { limit: 5000, sha256: sha256(large) })).rejects.toThrow(
      `has ${large.length} bytes, at most 5000 are allowed`,
    );
    expect(statuses()).toEqual([200, 200, 200]);
  });

  it.each([{ chunked: true }, { gzip: true }])(
    "that the server does not state is watched: %o",
    async (how) => {
      const zeros = new Uint8Array(50_000_000);
      const url = serve("/a", zeros, how);
      await expect(open({ limit: 100_000 }).fetch(url)).rejects.toThrow(
        "/a is larger than the 100000 bytes allowed",
      );
      if (how.chunked) expect(server.asked[0].sent).toBeLessThan(zeros.length);
      expect(await contents()).toEqual([]);
    },
  );

  it("that is announced but does not arrive is an error", async () => {
    const url = serve("/a", small, { announced: 2000, etag: undefined });
    const fetched = open().fetch(url, breaking);
    await expect(fetched).rejects.toThrow(/broke off after 1000 of 2000 bytes/);
    expect(await contents()).toEqual([]);
  });

  it("of a compressed response is not taken for the file's", async () => {
    const zeros = new Uint8Array(1_000_000);
    const reports: FileProgress[] = [];
    const url = serve("/a", zeros, { gzip: true });
    same(await open().fetch(url, { onProgress: (each) => reports.push(each) }), zeros);
    expect(reports.every(({ total }) => total === undefined)).toBe(true);
    same(await open().fetch(url), zeros);
    expect(statuses()).toEqual([200, 304]);
  });

  it("of 0 is a file like any other", async () => {
    const url = serve("/a", new Uint8Array(0));
    expect(await open().fetch(url)).toHaveLength(0);
    expect(await open().fetch(url)).toHaveLength(0);
    expect(statuses()).toEqual([200, 304]);
  });
});

describe("calls at the same time", () => {
  it("share one download, and each has its own bytes and progress", async () => {
    const url = serve("/a", large);
    const files = open();
    const reports = [0, 0, 0];
    const got = await Promise.all(
      reports.map((_, i) =>
        files.fetch(url, {
          onProgress: ({ loaded }) => {
            reports[i] = loaded;
          },
        }),
      ),
    );
    expect(statuses()).toEqual([200]);
    for (const bytes of got) same(bytes, large);
    expect(new Set(got.map(({ buffer }) => buffer)).size).toBe(3);
    expect(reports).toEqual([large.length, large.length, large.length]);
  });

  it("stop one by one, and the last one stops the download", async () => {
    const url = serve("/a", large, { stallsAfter: 1000 });
    const files = open();
    const [one, two] = [new AbortController(), new AbortController()];
    let loaded = 0;
    const onProgress = (progress: FileProgress) => {
      loaded = progress.loaded;
    };
    const first = files.fetch(url, { signal: one.signal });
    const second = files.fetch(url, { signal: two.signal, onProgress });
    await vi.waitFor(() => expect(loaded).toBe(1000), patient);
    one.abort(new Error("first"));
    await expect(first).rejects.toThrow("first");
    expect(server.asked[0].left).toBe(false);
    serve("/a", large);
    two.abort(new Error("second"));
    // A call while the download ends starts a new download.
    const third = files.fetch(url);
    await expect(second).rejects.toThrow("second");
    same(await third, large);
    expect(statuses()).toEqual([200, 206]);
  });

  it("of several processes leave complete files", async () => {
    const url = serve("/a", large, { breaks: [piece + 7, 2 * piece + 1] });
    const got = await Promise.all([1, 2, 3, 4].map(() => open().fetch(url, breaking)));
    for (const bytes of got) same(bytes, large);
    same(new Uint8Array(await readFile(join(folder, sha256(large)))), large);
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    await open().evict(url);
  });
});
