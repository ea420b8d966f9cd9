import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { GenError } from "@gen/math";
import { ArgumentError, shown } from "@gen/math/arguments";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { noise, patient, sha256 } from "../../../tooling/fixtures/file-server.ts";
import { selfSigned } from "../../../tooling/fixtures/self-signed.ts";
import type { FetchOptions, FileProgress } from "../src/fetch-options.ts";
import { modelFiles } from "../src/index.ts";

const file = noise(3000);
const piece = 2 ** 22;
const etag = '"version-1"';

/** A server whose answers are `answer`'s, and the requests that it has had. */
interface Site {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  answer: RequestListener;
  readonly asked: IncomingMessage[];
}

async function site(create: (answer: RequestListener) => Server, scheme: string): Promise<Site> {
  const asked: IncomingMessage[] = [];
  const server = create((request, response) => {
    asked.push(request);
    found.answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const url = `${scheme}://127.0.0.1:${port}`;
  const found: Site = { url, port, server, asked, answer: (_, response) => response.end(file) };
  return found;
}

let here: Site;
let there: Site;
let safe: Site;
let folder: string;

beforeAll(async () => {
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  here = await site(createServer, "http");
  there = await site(createServer, "http");
  const identity = selfSigned();
  safe = await site((answer) => createTlsServer(identity, answer) as unknown as Server, "https");
});
afterAll(() => {
  for (const { server } of [here, there, safe]) {
    server.closeAllConnections();
    server.close();
  }
  vi.unstubAllEnvs();
});
beforeEach(async () => {
  for (const each of [here, there, safe]) {
    each.asked.length = 0;
    each.answer = (_, response) => response.end(file);
  }
  folder = await mkdtemp(join(tmpdir(), "network-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fetchFrom = (url: string, options: FetchOptions = {}) =>
  modelFiles({ folder }).fetch(url, options);

const redirectTo =
  (location: string, status = 302): RequestListener =>
  (_, response) =>
    response.writeHead(status, { location }).end();

/** Answers with a range of `bytes` if one is requested. */
const serveRanges =
  (bytes: Uint8Array, headers: Record<string, string> = { etag }): RequestListener =>
  (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    if (from > 0) response.setHeader("content-range", range);
    response.setHeader("content-length", bytes.length - from);
    response.writeHead(from > 0 ? 206 : 200, headers).end(bytes.subarray(from));
  };

/** Sends the first `size` bytes of an answer, then breaks the connection. */
const breakAfter =
  (size: number, bytes: Uint8Array, headers: Record<string, string> = { etag }): RequestListener =>
  (_, response) => {
    response.writeHead(200, { "content-length": bytes.length, ...headers });
    // The break comes later than the bytes, which would otherwise be dropped.
    response.write(bytes.subarray(0, size), () => setTimeout(() => response.destroy(), 100));
  };

/** The answers one after another; the last one stays. */
const inTurn = (...answers: RequestListener[]): RequestListener => {
  let next = 0;
  return (request, response) => answers[Math.min(next++, answers.length - 1)](request, response);
};

const failed = (code: string, message: RegExp) =>
  expect.objectContaining({ name: "GenError", code, message: expect.stringMatching(message) });
const tooLarge = (limit: number) => failed("file-too-large", new RegExp(`${limit} bytes allowed`));

describe("headers of the caller", () => {
  const headers = { authorization: "Bearer k", "x-api-key": "k", cookie: "k", "x-own": "k" };
  const secrets = ({ headers: got }: IncomingMessage) => Object.values(got).filter(hasKey).length;
  const hasKey = (value: unknown) => /\bk$/.test(String(value));

  it.each([
    ["another port", () => `${there.url}/b`],
    ["another host", () => `http://localhost:${there.port}/b`],
    ["the same host by another name", () => `http://localhost:${here.port}/b`],
    ["another scheme", () => `${safe.url}/b`],
    ["another origin without its scheme", () => `//127.0.0.1:${there.port}/b`],
  ])("do not go along to %s", async (_, target) => {
    here.answer = (request, response) =>
      request.url === "/a" ? redirectTo(target())(request, response) : response.end(file);
    expect(await fetchFrom(`${here.url}/a`, { headers })).toEqual(file);
    const asked = [here, there, safe].flatMap((each) => each.asked);
    expect(asked.map((each) => [each.url, secrets(each)])).toEqual([
      ["/a", 4],
      ["/b", 0],
    ]);
    expect(asked[1].headers["accept-encoding"]).toBe("identity");
  });

  it("stay within their origin, whatever the path", async () => {
    here.answer = inTurn(redirectTo("../b", 307), redirectTo("c?d", 308), serveRanges(file));
    expect(await fetchFrom(`${here.url}/a/a`, { headers })).toEqual(file);
    expect(here.asked.map(({ url }) => url)).toEqual(["/a/a", "/b", "/c?d"]);
    expect(here.asked.map(secrets)).toEqual([4, 4, 4]);
  });

  it("stay dropped on a way back", async () => {
    here.answer = inTurn(redirectTo(`${there.url}/b`), serveRanges(file));
    there.answer = redirectTo(`${here.url}/c`);
    expect(await fetchFrom(`${here.url}/a`, { headers })).toEqual(file);
    expect(here.asked.map(secrets)).toEqual([4, 0]);
    expect(there.asked.map(secrets)).toEqual([0]);
  });

  it("do not go along with a range", async () => {
    here.answer = redirectTo(`${there.url}/b`);
    there.answer = inTurn(breakAfter(1000, file), serveRanges(file));
    expect(await fetchFrom(`${here.url}/a`, { headers })).toEqual(file);
    expect(there.asked.map(secrets)).toEqual([0, 0]);
    expect(there.asked[1].headers).toMatchObject({ range: "bytes=1000-", "if-range": etag });
  });

  it("decide nothing about ranges and versions", async () => {
    const own = { Range: "bytes=1-2", "If-None-Match": etag, "Accept-Encoding": "br" };
    expect(await fetchFrom(here.url, { headers: own })).toEqual(file);
    const got = here.asked[0].headers;
    expect([got.range, got["if-none-match"], got["accept-encoding"]]).toEqual([
      undefined,
      undefined,
      "identity",
    ]);
  });

  it.each([[{ "a b": "c" }], [{ key: "secret\nx: y" }], [{ key: "secret \u4e2d" }], [5]])(
    "that no request can have are refused, without a word of them: %j",
    async (wrong) => {
      const fetched = fetchFrom(here.url, { headers: wrong as never });
      await expect(fetched).rejects.toThrow(RangeError);
      await expect(fetched).rejects.not.toThrow("secret");
      expect(here.asked).toEqual([]);
    },
  );

  it("tell apart what runs at the same time", async () => {
    here.answer = (request, response) => response.end(String(request.headers["x-own"]));
    const files = modelFiles({ folder });
    const got = await Promise.all(
      ["1", "2"].map((own) => files.fetch(here.url, { headers: { "X-Own": own } })),
    );
    expect(got.map((bytes) => new TextDecoder().decode(bytes))).toEqual(["1", "2"]);
  });
});

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308])("of status %i is followed", async (status) => {
    here.answer = inTurn(redirectTo("/b", status), serveRanges(file));
    expect(await fetchFrom(here.url)).toEqual(file);
  });

  it("in a circle ends, and so do too many", async () => {
    const message = /redirected more than 20 times: give the URL of the file itself/;
    here.answer = redirectTo(`${there.url}/b`);
    there.answer = redirectTo(`${here.url}/a`);
    await expect(fetchFrom(here.url)).rejects.toThrow(failed("download-failed", message));
    expect(here.asked.length + there.asked.length).toBe(21);
    let count = 0;
    here.answer = (request, response) => redirectTo(`/${count++}`)(request, response);
    await expect(fetchFrom(here.url)).rejects.toThrow(failed("download-failed", message));
    expect(count).toBe(21);
  });

  it.each([
    "file:///etc/passwd",
    "data:,a",
    "ftp://a/b",
    "http://u:p@127.0.0.1/",
    "http://[",
    "x:",
  ])("to %s is refused", async (location) => {
    here.answer = redirectTo(location);
    await expect(fetchFrom(here.url)).rejects.toThrow(
      failed("download-failed", /redirects to what is no http or https URL, or has a password/),
    );
    expect(here.asked).toHaveLength(1);
  });

  it("from https to http is refused", async () => {
    safe.answer = redirectTo(`${here.url}/b?key=secret`);
    await expect(fetchFrom(`${safe.url}/a`)).rejects.toThrow(
      failed("download-failed", /redirects from https to .*\/b\?\.\.\., which is not encrypted/),
    );
    expect(here.asked).toEqual([]);
  });

  it.each([300, 302, 305, 399])("of status %i without a target is refused", async (status) => {
    here.answer = (_, response) => response.writeHead(status).end();
    await expect(fetchFrom(here.url)).rejects.toThrow(
      failed("download-failed", new RegExp(`answered ${status}.*, not 200 with a file`)),
    );
  });
});

describe("a silent server", () => {
  const message = (ms: number) => new RegExp(`no byte came for ${ms / 1000} s`);

  it("before its headers is unreachable", async () => {
    here.answer = () => undefined;
    await expect(fetchFrom(here.url, { timeout: 100, attempts: 2 })).rejects.toThrow(
      failed("unreachable", message(100)),
    );
    expect(here.asked).toHaveLength(2);
    await vi.waitFor(
      () => expect(here.asked.every(({ destroyed }) => destroyed)).toBe(true),
      patient,
    );
  });

  it("before its headers does not hide a stored file", async () => {
    here.answer = serveRanges(file);
    await fetchFrom(here.url);
    here.answer = () => undefined;
    expect(await fetchFrom(here.url, { timeout: 100 })).toEqual(file);
    expect(here.asked).toHaveLength(2);
  });

  it.each([0, 1000])(
    "after its headers and %i bytes breaks off, and is asked again",
    async (size) => {
      const silent: RequestListener = (_, response) => {
        response.writeHead(200, { etag, "content-length": file.length });
        response.flushHeaders();
        response.write(file.subarray(0, size));
      };
      here.answer = silent;
      await expect(fetchFrom(here.url, { timeout: 150, attempts: 1 })).rejects.toThrow(
        failed("download-failed", message(150)),
      );
      here.answer = inTurn(silent, serveRanges(file));
      expect(await fetchFrom(here.url, { timeout: 150 })).toEqual(file);
      expect(here.asked.at(-1)?.headers.range).toBe(size === 0 ? undefined : `bytes=${size}-`);
    },
  );

  /** Sends a byte every `pause` ms, `count` times. */
  const drip =
    (pause: number, count = file.length): RequestListener =>
    async (_, response) => {
      for (let i = 0; i < count && !response.destroyed; i++) {
        response.write(file.subarray(i, i + 1));
        await later(pause);
      }
      response.end();
    };

  it("that drips a byte a minute breaks off", async () => {
    here.answer = drip(60_000);
    await expect(fetchFrom(here.url, { timeout: 100, attempts: 1 })).rejects.toThrow(message(100));
  });

  it("that drips too slowly to ever end breaks off", async () => {
    here.answer = drip(20);
    await expect(fetchFrom(here.url, { timeout: 300, attempts: 1 })).rejects.toThrow(
      failed("download-failed", /fewer than 1024 bytes came in 3 s/),
    );
  });

  it("that is slow and alive is waited for", async () => {
    here.answer = drip(60, 5);
    expect(await fetchFrom(here.url, { timeout: 5000 })).toEqual(file.subarray(0, 5));
  });

  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "1", null])(
    "is not waited for %o ms",
    async (timeout) => {
      await expect(fetchFrom(here.url, { timeout: timeout as number })).rejects.toThrow(
        new ArgumentError(
          `timeout must be a whole number of milliseconds in [1, 2147483647], got ${shown(timeout)}`,
        ),
      );
      await expect(fetchFrom(here.url, { attempts: timeout as number })).rejects.toThrow(
        new ArgumentError(`attempts must be a whole number in [1, 100], got ${shown(timeout)}`),
      );
    },
  );
});

describe("a busy server", () => {
  const busy =
    (status: number, retryAfter?: string): RequestListener =>
    (_, response) => {
      if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
      response.writeHead(status).end("busy");
    };

  it.each([429, 500, 502, 503, 504])("of status %i is asked again", async (status) => {
    here.answer = inTurn(busy(status), serveRanges(file));
    expect(await fetchFrom(here.url)).toEqual(file);
    here.answer = busy(status);
    await expect(fetchFrom(here.url, { attempts: 1 })).rejects.toThrow(
      failed("download-failed", new RegExp(`answered ${status} .*; try again later`)),
    );
    expect(here.asked).toHaveLength(3);
  });

  it("is asked three times by default", async () => {
    here.answer = busy(503);
    await expect(fetchFrom(here.url)).rejects.toThrow("503");
    expect(here.asked).toHaveLength(3);
  });

  it("is asked again later each time", async () => {
    const times: number[] = [];
    here.answer = (request, response) => {
      times.push(performance.now());
      busy(503)(request, response);
    };
    await expect(fetchFrom(here.url)).rejects.toThrow("503");
    // A timer may end a few milliseconds early.
    expect(times[1] - times[0]).toBeGreaterThan(240);
    expect(times[2] - times[1]).toBeGreaterThan(490);
  });

  it.each([400, 401, 403, 405, 451, 501])("is none with status %i", async (status) => {
    here.answer = busy(status);
    await expect(fetchFrom(here.url)).rejects.toThrow(
      failed("download-failed", new RegExp(`answered ${status} .*, not 200 with a file`)),
    );
    expect(here.asked).toHaveLength(1);
  });

  it.each([
    ["seconds", () => "1"],
    ["a date", () => new Date(Date.now() + 2000).toUTCString()],
  ])("is asked again after the %s that it names", async (_, retryAfter) => {
    here.answer = inTurn(busy(503, retryAfter()), serveRanges(file));
    const start = performance.now();
    expect(await fetchFrom(here.url)).toEqual(file);
    // A date has whole seconds only.
    expect(performance.now() - start).toBeGreaterThan(900);
  });

  it.each(["", "soon", "-5", "1.5", new Date(0).toUTCString()])(
    "with retry-after %j is asked again soon",
    async (retryAfter) => {
      here.answer = inTurn(busy(503, retryAfter), serveRanges(file));
      expect(await fetchFrom(here.url)).toEqual(file);
    },
  );

  it.each(["61", "99999999999999999999", new Date(Date.now() + 864e5).toUTCString()])(
    "is not waited for longer than a minute: %s",
    async (retryAfter) => {
      here.answer = busy(429, retryAfter);
      await expect(fetchFrom(here.url)).rejects.toThrow(
        failed("download-failed", /429 .* and asks to wait \S+ s, more than 60: try again then/),
      );
      expect(here.asked).toHaveLength(1);
    },
  );

  it("ends at once when the caller stops, and what has arrived is kept", async () => {
    here.answer = inTurn(breakAfter(1000, file), busy(503, "59"));
    const controller = new AbortController();
    const fetched = fetchFrom(here.url, { signal: controller.signal });
    await vi.waitFor(() => expect(here.asked).toHaveLength(2), patient);
    controller.abort();
    await expect(fetched).rejects.toThrow("abort");
    here.answer = serveRanges(file);
    expect(await fetchFrom(here.url)).toEqual(file);
    expect(here.asked[2].headers.range).toBe("bytes=1000-");
  });

  it("that breaks connections before any header is asked again", async () => {
    here.answer = inTurn((request) => request.socket.destroy(), serveRanges(file));
    expect(await fetchFrom(here.url)).toEqual(file);
  });
});

describe("an answer without the file", () => {
  it.each([201, 202, 204, 205, 206, 207, 226, 304, 416])(
    "of status %i is refused",
    async (status) => {
      here.answer = (_, response) => response.writeHead(status).end();
      const message =
        status === 206 ? /a part of the file that nobody requested/ : /not 200 with a file/;
      await expect(fetchFrom(here.url)).rejects.toThrow(failed("download-failed", message));
      expect(await modelFiles({ folder }).list()).toEqual([]);
    },
  );
});

describe("after a break", () => {
  const other = noise(3000, 7);
  const date = { "last-modified": new Date(0).toUTCString() };
  const laterDate = { "last-modified": new Date(1e9).toUTCString() };

  const part = (headers: Record<string, string | number>, bytes: Uint8Array): RequestListener => {
    const whole = serveRanges(bytes, { etag: '"whole"' });
    return (request, response) =>
      request.headers.range
        ? response.writeHead(206, headers).end(bytes.subarray(1000))
        : whole(request, response);
  };
  const range = { "content-range": "bytes 1000-2999/3000" };

  it.each([
    ["an ETag", { etag }],
    ["a date", date],
    ["a weak ETag and a date", { etag: 'W/"a"', ...date }],
  ])("%s proves that two parts belong together", async (_, headers) => {
    here.answer = inTurn(breakAfter(1000, file, headers), serveRanges(file, headers));
    expect(await fetchFrom(here.url)).toEqual(file);
    const validator = headers === date || "last-modified" in headers ? date["last-modified"] : etag;
    expect(here.asked[1].headers).toMatchObject({ range: "bytes=1000-", "if-range": validator });
    expect(here.asked).toHaveLength(2);
  });

  it.each([
    ["another ETag", { etag }, part({ etag: '"2"', ...range }, other)],
    ["another date", date, part({ ...laterDate, ...range }, other)],
    [
      "a weak ETag",
      { etag: 'W/"a"', ...date },
      part({ etag: 'W/"a"', ...laterDate, ...range }, other),
    ],
    ["another length", { etag }, part({ etag, "content-range": "bytes 1000-2999/3001" }, other)],
    ["another range", { etag }, part({ etag, "content-range": "bytes 999-2998/3000" }, other)],
    ["another unit", { etag }, part({ etag, "content-range": "rows 1000-2999/3000" }, other)],
    ["parts", { etag }, part({ etag, "content-type": "multipart/byteranges; boundary=a" }, other)],
    ["compression", { etag }, part({ etag, ...range, "content-encoding": "gzip" }, other)],
    ["the whole file", { etag }, (_, response) => response.writeHead(200).end(other)],
    ["416", { etag }, inTurn((_, response) => response.writeHead(416).end(), serveRanges(other))],
  ] as [string, Record<string, string>, RequestListener][])(
    "an answer with %s starts again",
    async (_, headers, answer) => {
      here.answer = inTurn(breakAfter(1000, file, headers), answer);
      expect(await fetchFrom(here.url)).toEqual(other);
    },
  );

  it("a shorter part than requested is gone on with", async () => {
    here.answer = inTurn(
      breakAfter(1000, file),
      (_, response) =>
        response
          .writeHead(206, { etag, "content-range": "bytes 1000-1999/3000", "content-length": 1000 })
          .end(file.subarray(1000, 2000)),
      serveRanges(file),
    );
    expect(await fetchFrom(here.url)).toEqual(file);
    expect(here.asked[2].headers.range).toBe("bytes=2000-");
  });

  it("a 304 that nobody asked for is an error, not the stored file", async () => {
    here.answer = serveRanges(file);
    await fetchFrom(here.url);
    here.answer = inTurn(breakAfter(1000, other, { etag: '"2"' }), (_, response) =>
      response.writeHead(304).end(),
    );
    await expect(fetchFrom(here.url)).rejects.toThrow(failed("download-failed", /answered 304/));
  });
});

describe("the size", () => {
  it.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ])("of a bomb in %s is what comes out of it", async (encoding, compress) => {
    const bomb = compress(new Uint8Array(30_000_000));
    here.answer = (_, response) =>
      response
        .writeHead(200, { "content-encoding": encoding, "content-length": bomb.length })
        .end(bomb);
    await expect(fetchFrom(here.url, { limit: 1_000_000 })).rejects.toThrow(tooLarge(1_000_000));
    expect(here.asked[0].headers["accept-encoding"]).toBe("identity");
  });

  it.each([
    ["stated as 2 GB", { "content-length": 2 ** 31 - 1 }],
    ["stated as more than any number", { "content-length": "9".repeat(19) }],
  ])("%s reserves no memory before the bytes are there", async (_, headers) => {
    here.answer = (_, response) => {
      response.writeHead(200, headers);
      response.write(file, () => setTimeout(() => response.destroy(), 50));
    };
    const { arrayBuffers } = process.memoryUsage();
    let most = 0;
    const onProgress = () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - arrayBuffers);
    };
    await expect(fetchFrom(here.url, { attempts: 1, onProgress })).rejects.toThrow(GenError);
    expect(most).toBeLessThan(2 ** 28);
  });

  it("that is not stated is counted", async () => {
    here.answer = async (_, response) => {
      while (!response.destroyed) {
        response.write(new Uint8Array(65_536));
        await later(1);
      }
    };
    await expect(fetchFrom(here.url, { limit: 500_000 })).rejects.toThrow(tooLarge(500_000));
  });

  it("of a file above the first reserve is right", async () => {
    const large = new Uint8Array(2 ** 26 + 5 * piece).map((_, i) => i >> 12);
    here.answer = serveRanges(large);
    expect(sha256(await modelFiles({ folder, capacity: 0 }).fetch(here.url))).toBe(sha256(large));
  });
});

describe("an abort", () => {
  const large = noise(piece + 90_000, 5);

  it("at any moment ends the call, and the next call goes on", async () => {
    here.answer = (request, response) => {
      setTimeout(() => serveRanges(large)(request, response), 5);
    };
    for (const moment of [0, 2, 5, 8, 12, 20, 35]) {
      const files = modelFiles({ folder });
      const controller = new AbortController();
      const fetched = files.fetch(here.url, { signal: controller.signal });
      setTimeout(() => controller.abort(), moment);
      const bytes = await fetched.catch((error: Error) => error.name);
      if (bytes !== "AbortError") expect(sha256(bytes as Uint8Array)).toBe(sha256(large));
      expect(sha256(await files.fetch(here.url))).toBe(sha256(large));
      await files.clear();
    }
  });

  it("at any count of bytes keeps them", async () => {
    here.answer = serveRanges(large);
    let kept = 0;
    for (const count of [1, 65_536, piece, large.length - 1]) {
      const controller = new AbortController();
      const onProgress = ({ loaded }: FileProgress) => {
        kept = loaded;
        if (loaded >= count) controller.abort();
      };
      const options = { signal: controller.signal, onProgress };
      await fetchFrom(here.url, options).catch(() => undefined);
    }
    const reports: FileProgress[] = [];
    const bytes = await fetchFrom(here.url, { onProgress: (each) => reports.push(each) });
    expect(sha256(bytes)).toBe(sha256(large));
    expect(reports[0].loaded).toBe(kept);
  });

  it("of one signal stops more than ten calls, without a warning", async () => {
    const warnings: unknown[] = [];
    const onWarning = (warning: Error) => warnings.push(warning.name);
    process.on("warning", onWarning);
    here.answer = () => undefined;
    const controller = new AbortController();
    const files = modelFiles({ folder });
    const calls = Array.from({ length: 30 }, (_, i) =>
      files.fetch(`${here.url}/${i}`, { signal: controller.signal }).catch(({ name }) => name),
    );
    await vi.waitFor(() => expect(here.asked).toHaveLength(30), patient);
    controller.abort();
    expect(await Promise.all(calls)).toEqual(Array(30).fill("AbortError"));
    await later(10);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});

describe("an error", () => {
  it("does not repeat what may be secret in a URL", async () => {
    here.answer = (_, response) => response.writeHead(403).end();
    const url = `${here.url}/a.onnx?token=secret#secret`;
    await expect(fetchFrom(url)).rejects.toThrow(`${here.url}/a.onnx?... answered 403 Forbidden`);
    const withPassword = url.replace("://", "://user:secret@");
    for (const each of [
      withPassword,
      `ftp${withPassword.slice(4)}`,
      `x:${"secret".repeat(1000)}`,
    ]) {
      const error: Error = await fetchFrom(each).catch((error) => error);
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toMatch(/^url must /);
      expect(error.message.length).toBeLessThan(300);
      if (!each.startsWith("x:")) expect(error.message).not.toContain("secret");
    }
  });

  it("is one line of bounded length, whatever the server says", async () => {
    here.answer = (_, response) => response.writeHead(403, "x".repeat(10_000)).end();
    const error: Error = await fetchFrom(`${here.url}/${"y".repeat(5000)}`).catch((error) => error);
    expect(error.message).toMatch(/^http:.*answered 403 x+ \.\.\..*not 200 with a file$/);
    expect(error.message.length).toBeLessThanOrEqual(500);
  });
});
