import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import {
  type FileServer,
  noise,
  patient,
  type Served,
  serveFiles,
  sha256,
} from "../../../../tooling/fixtures/file-server.ts";
import { closesBrowser, inBrowser } from "./in-browser.ts";

const piece = 2 ** 22;
const small = noise(1000);
const large = noise(2 * piece + 5000, 2);

let server: FileServer;
beforeAll(async () => {
  server = await serveFiles();
});
afterAll(() => server.close());
beforeEach(() => {
  server.reset();
});

// Another origin than the page's: its ETag stays hidden, and the server refuses preflight requests.
function serve(path: string, bytes: Uint8Array, how: Partial<Served> = {}): string {
  server.files.set(path, { bytes, modified: new Date(0).toUTCString(), ...how });
  return server.url + path;
}

const asked = () => server.asked.map(({ method, status }) => `${method} ${status}`);

closesBrowser();

inBrowser("model files in the cache", { isolated: true }, (page) => {
  beforeEach(async () => {
    await page().run("removeFiles", []);
  });

  it("are stored under their SHA-256, for workers too, and fetched once", async () => {
    const url = serve("/a", small);
    const got = await page().run("fetchFile", [url]);
    expect(got).toMatchObject({ sha256: sha256(small) });
    expect(got.names).toContain(sha256(small));
    expect(got.progress[0]).toMatchObject({ loaded: 0, total: 1000 });
    expect(got.progress.at(-1)).toEqual({ loaded: 1000, total: 1000, secondsLeft: 0 });
    const pinned = { sha256: sha256(small) };
    const again = await page().run("fetchFile", [`${server.url}/none`, pinned], "worker");
    expect(again).toMatchObject({ sha256: sha256(small) });
    expect(asked()).toEqual(["GET 200"]);
    const [kept] = await page().run("keptFiles", []);
    expect(kept).toMatchObject({ sha256: sha256(small), urls: [url], bytes: 1000 });
  });

  it("are not downloaded again if the date and length are the same", async () => {
    const url = serve("/a", large);
    await page().run("fetchFile", [url]);
    const got = await page().run("fetchFile", [url]);
    expect(got.sha256).toBe(sha256(large));
    expect(got.progress).toEqual([{ loaded: large.length, total: large.length, secondsLeft: 0 }]);
    serve("/a", small);
    expect(await page().run("fetchFile", [url])).toMatchObject({ sha256: sha256(small) });
    expect(asked()).toEqual(["GET 200", "GET 200", "GET 200"]);
  });

  it("continue after an abort, without a preflight request", async () => {
    const url = serve("/a", large, { stallsAfter: piece + 3 });
    const stopped = await page().run("fetchFile", [url, { stopAt: piece + 3 }]);
    expect(stopped.error).toMatch(/^AbortError/);
    expect(stopped.names.filter((name) => /\.\d+$/.test(name))).toHaveLength(2);
    await vi.waitFor(() => expect(server.asked[0].left).toBe(true), patient);
    serve("/a", large);
    const got = await page().run("fetchFile", [url]);
    expect(got.sha256).toBe(sha256(large));
    expect(got.progress[0]).toMatchObject({ loaded: piece + 3, total: large.length });
    expect(got.names.filter((name) => /\.(part|\d+)$/.test(name))).toEqual([]);
    expect(asked()).toEqual(["GET 200", "GET 206"]);
    expect(server.asked[1]).toMatchObject({ sent: large.length - piece - 3 });
    expect(server.asked[1].headers.range).toBe(`bytes=${piece + 3}-`);
  });

  it("start again if the file changed", async () => {
    const url = serve("/a", large, { stallsAfter: piece + 3 });
    await page().run("fetchFile", [url, { stopAt: piece + 3 }]);
    const other = noise(large.length, 5);
    serve("/a", other, { modified: new Date(1e9).toUTCString() });
    expect(await page().run("fetchFile", [url])).toMatchObject({ sha256: sha256(other) });
    expect(asked()).toEqual(["GET 200", "GET 206", "GET 200"]);
  });

  it("continue after a broken connection", async () => {
    const got = await page().run("fetchFile", [serve("/a", large, { breaks: [piece + 3] })]);
    expect(got).toMatchObject({ sha256: sha256(large) });
    expect(asked()).toEqual(["GET 200", "GET 206"]);
  });

  it("are checked on every load, and fetched again if they are damaged", async () => {
    const options = { sha256: sha256(small) };
    const url = serve("/a", small);
    await page().run("fetchFile", [url, options]);
    await page().run("damageFile", [sha256(small)]);
    expect(await page().run("fetchFile", [url, options])).toMatchObject(options);
    expect(asked()).toEqual(["GET 200", "GET 200"]);
    const wrong = await page().run("fetchFile", [url, { sha256: "0".repeat(64) }]);
    expect(wrong.error).toContain(`has SHA-256 ${sha256(small)}, not ${"0".repeat(64)}`);
  });

  it("are never larger than allowed, compressed or not", async () => {
    const over = await page().run("fetchFile", [serve("/a", large), { limit: 5000 }]);
    expect(over.error).toContain(`has ${large.length} bytes, at most 5000 are allowed`);
    const zeros = new Uint8Array(3_000_000);
    const url = serve("/b", zeros, { gzip: true });
    const bomb = await page().run("fetchFile", [url, { limit: 100_000 }]);
    expect(bomb.error).toContain("is larger than the 100000 bytes allowed");
    const got = await page().run("fetchFile", [url]);
    expect(got.error).toBeUndefined();
    expect(got.sha256).toBe(sha256(zeros));
    expect(got.progress.at(-1)).toMatchObject({ loaded: zeros.length });
  });

  it("are downloaded whole if a server compresses the requested part", async () => {
    const gzip = { gzip: true, stallsAfter: piece + 70_000 };
    const url = serve("/a", large, gzip);
    const stopped = await page().run("fetchFile", [url, { stopAt: piece + 3 }]);
    expect(stopped.error).toMatch(/^AbortError/);
    expect(stopped.names.filter((name) => /\.\d+$/.test(name))).toHaveLength(2);
    serve("/a", large, { gzip: true });
    expect(await page().run("fetchFile", [url])).toMatchObject({ sha256: sha256(large) });
    expect(asked()).toEqual(["GET 200", "GET 206", "GET 200"]);
  });

  it("give headers only to the server that they are for", async () => {
    const headers = { "x-api-key": "key" };
    const url = serve("/a", small, { preflight: true });
    expect(await page().run("fetchFile", [url, { headers }])).toMatchObject({ progress: [{}, {}] });
    expect(asked()).toEqual(["OPTIONS 204", "GET 200"]);
    expect(server.asked[1].headers["x-api-key"]).toBe("key");
    const target = await serveFiles();
    target.files.set("/b", { bytes: small, preflight: true });
    const old = serve("/old", small, { preflight: true, redirect: `${target.url}/b` });
    const kept = await page().run("fetchFile", [old, { headers }]);
    expect(kept.error).toContain("/old redirects, and a page cannot keep headers from another");
    expect(target.asked).toEqual([]);
    const authorized = { headers: { authorization: "Bearer key" } };
    const got = await page().run("fetchFile", [old, authorized]);
    expect(got.sha256).toBe(sha256(small));
    const sent = target.asked.filter(({ method }) => method === "GET");
    expect(sent.map((each) => each.headers.authorization)).toEqual([undefined]);
    await target.close();
  });

  it("end when a server is silent", async () => {
    const url = serve("/a", large, { stallsAfter: 1000 });
    const got = await page().run("fetchFile", [url, { timeout: 300, attempts: 2 }]);
    expect(got.error).toContain(`of ${large.length} bytes (no byte came for 0.3 s)`);
    await vi.waitFor(() => expect(server.asked.every(({ left }) => left)).toBe(true), patient);
    expect(asked()).toEqual(["GET 200", "GET 206"]);
  });

  it("remove the least recently used file at the capacity, and can be evicted", async () => {
    const bytes = [1, 2, 3].map((seed) => noise(1000, seed));
    const urls = bytes.map((each, i) => serve(`/${i}`, each));
    for (const url of urls) await page().run("fetchFile", [url, { capacity: 2500 }]);
    const kept = await page().run("keptFiles", []);
    expect(kept.map((each) => each.urls)).toEqual([[urls[2]], [urls[1]]]);
    expect((await page().run("removeFiles", [urls[1]])).freed).toBe(1000);
    const left = await page().run("removeFiles", []);
    expect(left).toEqual({ freed: 1000, names: [] });
  });
});

inBrowser("model files in a page without storage", { isolated: false, sandboxed: true }, (page) => {
  it("are downloaded each time, and a warning says why", async () => {
    const url = serve("/a", small);
    const got = await page().run("fetchUnkept", [url]);
    expect(got.sizes).toEqual([1000, 1000]);
    expect(asked()).toEqual(["GET 200", "GET 200"]);
    expect(got.warnings[0]).toMatch(/^the store of model files cannot (read|list|write) \(/);
  });
});
