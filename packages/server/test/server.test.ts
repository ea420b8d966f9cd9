import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { readNpy } from "@gen/data";
import { GenError } from "@gen/math";
import { loadPipeline } from "@gen/pipeline";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate } from "@gen/sampling";
import { afterAll, describe, expect, it } from "vitest";
import { sampleModel } from "../src/sample-model.ts";
import type { ServedModel } from "../src/served-model.ts";
import { jsonOf, points, serve } from "./served.ts";

const server = await serve({ name: "points", limits: { steps: 50, count: 8 } });
afterAll(() => server.close());

describe("samples", () => {
  it("are those of generate for the seed, however many requests share a run", async () => {
    const asked = [
      { count: 3, seed: 5 },
      { count: 1, seed: 6 },
      { count: 5, seed: 5 },
    ].map((one) => ({ ...one, steps: 7, sampler: "ddim", eta: 0.5 }));
    const answers = await Promise.all(
      asked.map((body) => jsonOf(server.post("/v1/samples", body))),
    );
    for (const [i, { count, seed, ...rest }] of asked.entries()) {
      const alone = await generate(points(), {
        ...rest,
        ...{ backend: cpuBackend(), count, seed, sampler: "ddim" },
      });
      expect(answers[i]).toMatchObject({ model: "points", seed, shape: [count, 2], steps: 7 });
      expect(answers[i].values).toEqual(Array.from(alone.x));
    }
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('gen_runs_total{result="done"} 1\n');
    expect(metrics).toContain("gen_run_requests_sum 3\n");
    expect(metrics).toContain('gen_requests_total{route="/v1/samples",status="200"} 3\n');
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+/m);
  });

  it("of a network of ONNX Runtime are the same in every bit in batches of one size", async () => {
    const backend = await onnxBackend();
    const folder = new URL("../../cli/test/reference/unet-8/", import.meta.url);
    const read = (path: string) => readFile(new URL(path, folder)).catch(() => undefined);
    const model = sampleModel(await loadPipeline(read), { backend, exact: 2 });
    const run = { signal: new AbortController().signal, onStep: () => undefined };
    const asked = [1, 3, 2].map((count, seed) => ({ count, seed, steps: 2, sampler: "ddim" }));
    const together = await model.draw(asked, run);
    for (const [i, one] of asked.entries()) {
      expect(together[i].shape[0]).toBe(one.count);
      expect(await model.draw([one], run)).toEqual([together[i]]);
    }
    await model.dispose();
    await backend.close();
  });

  it("come as npy, and as numbers by default, with a seed of the server's choice", async () => {
    const { npy, seed } = await jsonOf(
      server.post("/v1/samples", { count: 2, steps: 2, format: "npy" }),
    );
    const { data, shape } = readNpy(Buffer.from(npy, "base64"));
    expect(shape).toEqual([2, 2]);
    const again = await jsonOf(server.post("/v1/samples", { count: 2, steps: 2, seed }));
    expect(again.values).toEqual(Array.from(data as Float32Array));
  });

  it("of classes are those of the label, by number and by name", async () => {
    const classes = ["cat", "dog"];
    const labeled = await serve({
      model: sampleModel(points(classes), { backend: cpuBackend() }),
    });
    const body = { count: 2, steps: 3, seed: 1, sampler: "ddim" };
    const all = await Promise.all(
      [0, "dog", 1].map((one) => jsonOf(labeled.post("/v1/samples", { ...body, class: one }))),
    );
    const dogs = await generate(points(classes), {
      ...{ backend: cpuBackend(), count: 2, steps: 3, seed: 1, sampler: "ddim" },
      condition: Int32Array.from([1, 1]),
    });
    expect(all[1].values).toEqual(Array.from(dogs.x));
    expect(all[2].values).toEqual(all[1].values);
    expect(all[0].values).not.toEqual(all[1].values);
    const { error } = await jsonOf(labeled.post("/v1/samples", { ...body, class: "cow" }));
    expect(error.message).toBe("class must be a number of 0 to 1 or a class's name");
    await labeled.close();
  });

  it("stream their progress", async () => {
    const answer = await server.post("/v1/samples", { steps: 3, seed: 2, stream: true });
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    const events = (await answer.text()).trim().split("\n\n");
    const data = events.map((one) => JSON.parse(one.slice(one.indexOf("{"))));
    expect(data.map(({ type }) => type)).toEqual([
      ...Array(3).fill("samples.progress"),
      "samples.completed",
    ]);
    expect(data.slice(0, 3).map(({ done }) => done)).toEqual([1 / 3, 2 / 3, 1]);
    const whole = await jsonOf(server.post("/v1/samples", { steps: 3, seed: 2 }));
    expect(data[3].values).toEqual(whole.values);
  });
});

describe("a request that is not allowed", () => {
  it.each([
    [{ count: 9 }, 400, "count must be <= 8"],
    [{ steps: 51 }, 400, "steps must be <= 50"],
    [{ sampler: "ddpm" }, 400, "steps must be at most 50"],
    [{ sampler: "euler-angles" }, 400, "sampler must be equal to one of the allowed values"],
    [{ count: "2" }, 400, "count must be integer"],
    [{ size: 3 }, 400, "the request must NOT have additional properties"],
    [{ model: "gpt" }, 404, "the model here is points"],
    [{ class: 1 }, 400, "class must be left out: the model has no classes"],
    [{ guidance: 3 }, 400, "guidance must be left out"],
    [{ format: "png" }, 400, "format must be values or npy"],
    [{ sampler: "heun", eta: 1 }, 400, "eta"],
    ["{", 400, "JSON"],
    [2 ** 18, 413, "too large"],
  ] as const)("%j is answered %i in one line", async (body, status, message) => {
    // A number stands for a body of so many bytes.
    const sent = typeof body === "number" ? "x".repeat(body + 1) : body;
    const answer = await server.post("/v1/samples", sent);
    const { error } = await jsonOf(answer);
    expect([answer.status, error.type]).toEqual([status, "invalid_request_error"]);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("\n");
  });

  it("is told the route that exists, and its method", async () => {
    const wrong = await server.post("/v1/images/generations", { prompt: "a fox" });
    expect((await jsonOf(wrong)).error.message).toContain("use POST /v1/samples");
    const got = await fetch(`${server.url}/v1/samples`);
    expect([got.status, got.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await fetch(`${server.url}/v2`)).status).toBe(404);
    const typed = await server.post("/v1/samples", "a", {
      headers: { "content-type": "text/csv" },
    });
    expect(typed.status).toBe(415);
  });
});

it("every answer has an id, the client's if it is plain", async () => {
  const idOf = async (id: string) =>
    (await fetch(`${server.url}/health`, { headers: { "x-request-id": id } })).headers.get(
      "x-request-id",
    );
  expect(await idOf("abc-1")).toBe("abc-1");
  expect(await idOf("a b")).toMatch(/^[\w-]{36}$/);
});

it("the OpenAPI document has each route, its limits and its answers", async () => {
  const api = await jsonOf(fetch(`${server.url}/openapi.json`));
  expect(api.openapi).toBe("3.1.0");
  expect(Object.keys(api.paths).sort()).toEqual([
    "/health",
    "/metrics",
    "/ready",
    "/v1/models",
    "/v1/samples",
  ]);
  const { requestBody, responses } = api.paths["/v1/samples"].post;
  expect(requestBody.content["application/json"].schema.properties.count.maximum).toBe(8);
  expect(Object.keys(responses)).toEqual([
    "200",
    "400",
    "401",
    "404",
    "413",
    "415",
    "429",
    "500",
    "503",
  ]);
});

it("a token is needed for all but the state, and pages of other origins are refused", async () => {
  const closed = await serve({ token: "secret", origins: ["https://example.com"] });
  const states = ["/health", "/ready", "/v1/models", "/metrics", "/openapi.json"].map(
    async (path) => (await fetch(closed.url + path)).status,
  );
  expect(await Promise.all(states)).toEqual([200, 200, 401, 401, 401]);
  const ask = (authorization: string) =>
    closed.post("/v1/samples", { steps: 2 }, { headers: { authorization } });
  expect((await ask("Bearer secre")).status).toBe(401);
  expect((await ask("Bearer secret")).status).toBe(200);
  const allowed = async (origin: string) =>
    (
      await fetch(`${closed.url}/v1/samples`, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      })
    ).headers.get("access-control-allow-origin");
  expect(await allowed("https://example.com")).toBe("https://example.com");
  expect(await allowed("https://example.org")).toBeNull();
  const open = await fetch(`${server.url}/health`, { headers: { origin: "https://example.com" } });
  expect(open.headers.get("access-control-allow-origin")).toBeNull();
  await closed.close();
});

/** A model whose runs a test ends. */
function heldModel(more: Partial<ServedModel> = {}) {
  const runs: { requests: number; signal: { aborted: boolean }; end: (error?: Error) => void }[] =
    [];
  const model: ServedModel = {
    prompts: false,
    stepsOf: ({ steps = 1 }) => steps,
    keyOf: ({ steps }) => `${steps}`,
    draw: (requests, { signal }) =>
      new Promise((resolve, reject) => {
        const results = requests.map(({ count, seed }) => ({
          x: new Float32Array(count).fill(seed),
          shape: [count, 1],
          steps: 1,
        }));
        const end = (error?: Error) => (error ? reject(error) : resolve(results));
        runs.push({ requests: requests.length, signal, end });
        (signal as AbortSignal).addEventListener("abort", () => reject(new Error("stopped")));
      }),
    dispose: async () => undefined,
    ...more,
  };
  return { model, runs };
}

const until = async (isDone: () => boolean) => {
  while (!isDone()) await new Promise((done) => setTimeout(done, 5));
};

/** Resolves once so many requests wait. */
async function waiting(url: string, count: number) {
  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  while (!(await metrics()).includes(`gen_queue_waiting ${count}\n`));
}

describe("the queue", () => {
  it("answers 429 with Retry-After when it is full, and serves what waits in its order", async () => {
    const { model, runs } = heldModel();
    const held = await serve({ model, limits: { queue: 2, batch: 2 } });
    const ask = (seed: number, steps: number) => held.post("/v1/samples", { seed, steps });
    const first = ask(1, 1);
    await until(() => runs.length === 1);
    const [second, third] = [ask(2, 2), ask(3, 1)];
    await waiting(held.url, 2);
    const refused = await ask(4, 1);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect((await jsonOf(refused)).error).toMatchObject({
      type: "rate_limit_error",
      code: "queue_full",
    });
    for (let i = 0; i < 3; i++) {
      await until(() => runs.length === i + 1);
      runs[i].end();
    }
    const values = await Promise.all([first, second, third].map(async (one) => jsonOf(one)));
    expect(values.map(({ values: [value] }) => value)).toEqual([1, 2, 3]);
    await held.close(0.1);
  });

  it("stops a run when all its clients have left, and goes on when one has stayed", async () => {
    const { model, runs } = heldModel();
    const held = await serve({ model });
    const clients = [new AbortController(), new AbortController(), new AbortController()];
    const ask = (i: number) =>
      held
        .post("/v1/samples", { seed: i }, { signal: clients[i].signal })
        .then(jsonOf, (error: Error) => error.name);
    const first = ask(0);
    await until(() => runs.length === 1);
    const others = [ask(1), ask(2)];
    await waiting(held.url, 2);
    clients[0].abort();
    expect(await first).toBe("AbortError");
    await until(() => runs.length === 2);
    expect([runs[0].signal.aborted, runs[1].requests]).toEqual([true, 2]);
    clients[1].abort();
    expect(await others[0]).toBe("AbortError");
    await new Promise((done) => setTimeout(done, 50));
    expect(runs[1].signal.aborted).toBe(false);
    runs[1].end();
    expect((await others[1]).values).toEqual([2]);
    await held.close(0.1);
  });

  it("has as many runs under way as the model takes, and stops the one whose client leaves", async () => {
    const { model, runs } = heldModel({ runs: 2 });
    const held = await serve({ model, limits: { batch: 1 } });
    const leaving = new AbortController();
    const ask = (seed: number, more?: RequestInit) => held.post("/v1/samples", { seed }, more);
    const first = ask(1, { signal: leaving.signal }).catch((error: Error) => error.name);
    await until(() => runs.length === 1);
    const second = ask(2);
    await until(() => runs.length === 2);
    const third = ask(3);
    await waiting(held.url, 1);
    leaving.abort();
    expect(await first).toBe("AbortError");
    await until(() => runs.length === 3);
    expect(runs.map(({ signal }) => signal.aborted)).toEqual([true, false, false]);
    runs[2].end();
    expect((await jsonOf(third)).values).toEqual([3]);
    const closing = held.close();
    runs[1].end();
    expect((await jsonOf(second)).values).toEqual([2]);
    await closing;
  });

  it("says in /ready what is wrong, and answers 503 when nobody computes", async () => {
    let trouble: string | undefined = "no worker is there";
    const { model, runs } = heldModel({ trouble: () => trouble });
    const held = await serve({ model });
    const troubled = await fetch(`${held.url}/ready`);
    expect([troubled.status, (await jsonOf(troubled)).error.message]).toEqual([503, trouble]);
    const asked = held.post("/v1/samples", { seed: 1 });
    await until(() => runs.length === 1);
    runs[0].end(new GenError("unreachable", "redis.internal is away"));
    const refused = await asked;
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    const { error } = await jsonOf(refused);
    expect([error.code, error.message]).toEqual([
      "unreachable",
      "the model's workers do not answer; try again in 5 s",
    ]);
    expect(held.errors).toHaveLength(1);
    trouble = undefined;
    expect((await fetch(`${held.url}/ready`)).status).toBe(200);
    await held.close(0.1);
  });

  it("refuses what waits when the server stops, and lets the run under way end", async () => {
    const { model, runs } = heldModel();
    const held = await serve({ model });
    const first = held.post("/v1/samples", { seed: 1, steps: 1 });
    await until(() => runs.length === 1);
    const second = held.post("/v1/samples", { seed: 2, steps: 2 });
    await waiting(held.url, 1);
    const closing = held.close();
    const refused = await second;
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect((await fetch(`${held.url}/ready`)).status).toBe(503);
    runs[0].end();
    expect((await jsonOf(first)).values).toEqual([1]);
    await closing;
    await expect(fetch(`${held.url}/health`)).rejects.toThrow();
  });

  it("a run that fails is a 500 that tells no stranger why, and the next run goes on", async () => {
    const { model, runs } = heldModel();
    const held = await serve({ model });
    const failing = held.post("/v1/samples", { seed: 1 });
    await until(() => runs.length === 1);
    runs[0].end(new Error("/home/me/model.onnx broke"));
    const answer = await failing;
    const { error } = await jsonOf(answer);
    expect([answer.status, error.type]).toEqual([500, "server_error"]);
    expect(error.message).not.toContain("/home");
    const next = held.post("/v1/samples", { seed: 3, stream: true });
    await until(() => runs.length === 2);
    runs[1].end(new Error("again"));
    expect(await (await next).text()).toMatch(/^event: error\ndata: \{"error":/);
    expect(held.errors.map(String)).toEqual(["Error: /home/me/model.onnx broke", "Error: again"]);
    await held.close(0.1);
  });

  it("a client that sends half a request holds nobody up", async () => {
    const { port } = new URL(server.url);
    const socket = createConnection(Number(port), "127.0.0.1");
    await once(socket, "connect");
    socket.write("POST /v1/samples HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
    expect((await server.post("/v1/samples", { steps: 2 })).status).toBe(200);
    socket.destroy();
  });
});
