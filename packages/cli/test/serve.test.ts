import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readNpy } from "@gen/data";
import { openQueue } from "@gen/jobs";
import { mlp } from "@gen/nn";
import { pipelineFiles } from "@gen/pipeline";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { denoiser, denoiserFunction } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { afterAll, describe, expect, test } from "vitest";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { inferenceServer } from "../../../tooling/fixtures/inference-server.ts";
import { hasRedis, missingRedis, startRedis } from "../../../tooling/fixtures/redis.ts";
import { startMlServer } from "../../../tooling/fixtures/serving/python.ts";
import { expectRefusal, gen, runJson, scratch } from "./gen.ts";

/*
 * `gen serve`, and `gen sample --remote`: both give the samples of `gen sample` on this machine.
 */
const { at, files } = scratch();
const network = denoiser(mlp({ inputs: 2, hidden: [16, 16], time: true, seed: 3 }));
const scheduler = { schedule: linearSchedule({ steps: 100 }) };
const notes = { standardized: { mean: [1, 2], std: [3, 4] } };
const pipeline = { kind: "diffusion" as const, denoiser: network, scheduler, shape: [2], notes };
for (const [path, bytes] of Object.entries(pipelineFiles(pipeline))) {
  mkdirSync(dirname(at("points", path)), { recursive: true });
  writeFileSync(at("points", path), bytes);
}
const points = at("points");
const serveQueue = ["serve", "--model", points, "--store", at("store")];
const sampled = ["sample", "--model", points, "--count", "6", "--steps", "5", "--seed", "4"];
const valuesOf = (path: string) => Array.from(readNpy(readFileSync(path)).data as Float32Array);

const local = runJson(...sampled, "--out", at("local.npy")).then(() => valuesOf(at("local.npy")));

async function expectLocal(values: readonly number[]) {
  const here = await local;
  expect(values).toHaveLength(12);
  for (const [i, value] of values.entries()) {
    expect(Math.abs(value - here[i])).toBeLessThan(1e-5 * Math.max(1, Math.abs(here[i])));
  }
}

test("gen serve gives the samples of gen sample, and Ctrl-C ends it well", async () => {
  const token = at("token.txt");
  writeFileSync(token, "secret\n");
  let answer: Promise<{ values: number[] }> | undefined;
  const ran = await gen(["serve", "--model", points, "--port", "0", "--token-file", token], {
    onStdout(text, child) {
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? [];
      if (!url || answer) return;
      answer = fetch(`${url}/v1/samples`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer secret" },
        body: JSON.stringify({ count: 6, steps: 5, seed: 4 }),
      })
        .then((one) => one.json())
        .finally(() => child.kill("SIGINT"));
    },
  });
  expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining("points is served at")]);
  await expectLocal((await answer)?.values ?? []);
});

describe.skipIf(!hasRedis)(hasRedis ? "gen serve --queue" : missingRedis, async () => {
  const redis = hasRedis ? await startRedis(at("redis")) : undefined;
  if (!redis) return;
  const running: ChildProcess[] = [];
  afterAll(async () => {
    for (const child of running) child.kill("SIGKILL");
    await redis.kill();
  });
  const store = at("store");
  const soon = { timeout: 20_000 };

  /** Starts a command, and waits for a text of its. Its process, and all that it printed. */
  const start = (args: readonly string[], when: RegExp) =>
    new Promise<{ child: ChildProcess; found: string; printed: () => string }>((ready, fail) => {
      let all = "";
      const look = (text: string, child: ChildProcess) => {
        all = text;
        if (!running.includes(child)) running.push(child);
        const [found] = when.exec(text) ?? [];
        if (found !== undefined) ready({ child, found, printed: () => all });
      };
      void gen(args, { onStdout: look, onStderr: look }).then(({ stderr }) => fail(Error(stderr)));
    });
  const startWorker = (...more: string[]) => {
    const place = ["--redis", redis.url, "--store", store, "--cache", at("cache"), ...more];
    return start(["jobs", "work", ...place, "--lease", "1"], /takes parts/);
  };
  const startServer = async (...queue: string[]) => {
    const shape = ["--port", "0", "--exact", "6", "--max-count", "100000"];
    const served = await start([...serveQueue, ...queue, ...shape], /http:[^ ]+:\d+/);
    const ask = (body: object, options: RequestInit = {}) =>
      fetch(`${served.found}/v1/samples`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ steps: 5, seed: 4, ...body }),
        ...options,
      });
    return { ...served, ask, ready: () => fetch(`${served.found}/ready`) };
  };
  /** The first samples of an answer. */
  const firstOf = async (answer: Response) => {
    const { values } = (await answer.json()) as { values: number[] };
    return values.slice(0, 12);
  };
  /** Reads events until they match; then the text so far. */
  const eventsOf = ({ body }: Response) => {
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    return async (when: RegExp): Promise<string> => {
      for (;;) {
        if (when.test(text)) return text;
        const { value, done } = await reader.read();
        if (done) throw new Error(`it ended with ${text.slice(-300)}`);
        text += new TextDecoder().decode(value);
      }
    };
  };

  test("workers draw the bits of gen sample; whoever leaves, what is asked for is answered, and nothing stays", async () => {
    const [queue, one, server] = await Promise.all([
      openQueue({ redis: redis.url }),
      startWorker(),
      startServer("--queue", redis.url),
    ]);
    afterAll(() => queue.close());
    await expect.poll(async () => (await server.ready()).status, soon).toBe(200);
    const here = await local;
    expect(await firstOf(await server.ask({ count: 6 }))).toEqual(here);
    const refused = await server.ask({ count: 1, sampler: "ddim", eta: 1, steps: 101 });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("steps")]);

    // A client that leaves takes its job with it.
    const leaving = new AbortController();
    const long = { count: 60_000, stream: true };
    const left = await server.ask(long, { signal: leaving.signal });
    await eventsOf(left)(/samples\.progress/);
    expect(await queue.entries()).toMatchObject([{ kind: "serve", priority: 1000 }]);
    leaving.abort();
    await expect.poll(() => queue.entries(), soon).toEqual([]);

    // A worker that is killed in the middle of a run is replaced by another.
    const until = eventsOf(await server.ask({ count: 3000, stream: true }));
    await until(/samples\.progress/);
    const [two] = await Promise.all([startWorker(), one.child.kill("SIGKILL")]);
    const text = await until(/event: samples\.completed\ndata: .*\n\n/);
    const [, data = ""] = /completed\ndata: (.*)\n/.exec(text) ?? [];
    expect(JSON.parse(data).values.slice(0, 12)).toEqual(here);
    await expect.poll(() => two.printed(), soon).toContain("is done, 3000 items");

    await expect.poll(() => queue.entries(), soon).toEqual([]);
    await expect.poll(() => existsSync(at("store", "jobs")), soon).toBe(false);
    two.child.kill("SIGINT");
    server.child.kill("SIGINT");
    await once(server.child, "close");
    expect(server.child.exitCode).toBe(0);
  });

  test.runIf(allEngines)(
    "answers 503 without a worker or without Redis, and recovers",
    async () => {
      const [queue, server] = await Promise.all([
        openQueue({ redis: redis.url, name: "alone" }),
        startServer("--queue", "alone", "--redis", redis.url),
      ]);
      afterAll(() => queue.close());
      const expectTrouble = async (answer: Response, message: string) => {
        expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
        expect(await answer.text()).toContain(message);
      };
      await expectTrouble(await server.ready(), "no worker is there");
      const asked = performance.now();
      await expectTrouble(await server.ask({ count: 6 }), "workers do not answer");
      expect(performance.now() - asked).toBeLessThan(20_000);
      expect(server.printed()).toMatch(/start one with gen jobs work --queue alone --store/);
      await expect.poll(() => queue.entries(), soon).toEqual([]);
      await startWorker("--queue", "alone");
      const isReady = async () => (await server.ready()).status;
      await expect.poll(isReady, soon).toBe(200);
      expect(await firstOf(await server.ask({ count: 6 }))).toEqual(await local);

      const cut = server.ask({ count: 60_000 });
      await expect.poll(() => queue.entries(), soon).toHaveLength(1);
      await redis.kill();
      await expectTrouble(await cut, "workers do not answer");
      await expectTrouble(await server.ready(), "Redis does not answer");
      await redis.restart();
      await expect.poll(isReady, soon).toBe(200);
      expect(await firstOf(await server.ask({ count: 6 }))).toEqual(await local);
      await expect.poll(() => queue.entries(), soon).toEqual([]);
    },
  );
});

// The network's batch is fixed when it is compiled.
const compiled = await denoiserFunction({
  backend: cpuBackend(),
  denoiser: network,
  shape: [6, 2],
});
afterAll(() => compiled.dispose());
/** Requests that had the token. */
let trusted = 0;
/** Requests that are answered before the server dies. */
let lifetime = Number.POSITIVE_INFINITY;
const remote = await inferenceServer({
  item: [2],
  network: compiled,
  answer({ request, response }) {
    if (request.method !== "POST") return false;
    if (request.headers.authorization === "Bearer secret") trusted++;
    if (--lifetime >= 0) return false;
    response.writeHead(400).end("the device is gone");
    return true;
  },
});
afterAll(() => remote.close());
const flags = [...sampled, "--remote", remote.url, "--remote-model", "moons"];
const scheduleAlone = at("schedule");
mkdirSync(at("schedule", "scheduler"), { recursive: true });
for (const path of ["model_index.json", "scheduler/scheduler_config.json"])
  writeFileSync(at("schedule", path), readFileSync(at("points", path)));

test("gen sample --remote gives the samples of gen sample, with a token and the scheduler alone", async () => {
  const args = flags.map((flag) => (flag === points ? scheduleAlone : flag));
  const ran = await gen([...args, "--json", "--out", at("remote.npy")], {
    variables: { GEN_REMOTE_TOKEN: "secret" },
  });
  const { url } = remote;
  expect(JSON.parse(ran.stdout)).toMatchObject({ shape: [6, 2], steps: 5, seed: 4, remote: url });
  expect(trusted).toBe(5);
  await expectLocal(valuesOf(at("remote.npy")));
  expect(files()).not.toContain("remote.npy.steps");
});

test("a server that dies is an error with the step, and --resume goes on from there", async () => {
  const out = at("resumed.npy");
  const noisy = [...flags, "--sampler", "ddim", "--eta", "1", "--out"];
  await runJson(...noisy, at("whole.npy"));
  lifetime = 3;
  const died = await gen([...noisy, out]);
  expect(died.code).toBe(1);
  expect(died.stderr).toMatch(/answered 400: the device is gone; step 3 of 5 was reached/);
  expect(existsSync(out)).toBe(false);
  lifetime = Number.POSITIVE_INFINITY;
  await expectRefusal([...noisy, out], /resumed\.npy\.steps has the steps of a run: pass --resume/);
  await expectRefusal(
    [...noisy, out, "--resume", "--seed", "5"],
    /--resume: .* is of a run with other settings/,
  );
  lifetime = 2;
  const report = await runJson(...noisy, out, "--resume");
  expect([report.resumed, lifetime]).toEqual([3, 0]);
  lifetime = Number.POSITIVE_INFINITY;
  expect(valuesOf(out)).toEqual(valuesOf(at("whole.npy")));
  expect(existsSync(`${out}.steps`)).toBe(false);
});

test.each([
  [["serve"], /--model must be given/],
  [["serve", "--model", points, "--host", "0.0.0.0"], /--host 0\.0\.0\.0 is reached by others/],
  [["serve", "--model", points, "--token-file", at("none")], /--token-file .*file with a token/],
  [
    ["serve", "--model", points, "--origin", "https://a.b/c"],
    /--origin <url>' argument .* must be an origin/,
  ],
  [["serve", "--model", points, "--store", "results"], /--store needs --queue/],
  [["serve", "--model", points, "--no-upload"], /--no-upload needs --queue/],
  [["serve", "--model", points, "--queue", "gen"], /--store must be given: a folder that all/],
  [[...serveQueue, "--queue", "a b"], /name must be letters, digits, _ and -, got "a b"/],
  [
    [...serveQueue, "--queue", "redis://a", "--redis", "redis://b"],
    /--redis must be left out: --queue has Redis' address/,
  ],
  [["sample", "--model", points, "--resume"], /--resume needs --remote/],
  [[...flags, "--class", "1"], /--class must be left out with --remote/],
  [["sample", "--model", points, "--remote", "localhost:8000"], /must be an http or https URL/],
] as const)("%j is refused", (args, message) => expectRefusal(args, message));

describe.runIf(process.env.GEN_TEST_ALL === "1")("MLServer with ONNX Runtime", () => {
  const folder = fileURLToPath(new URL("reference/unet-8", import.meta.url));
  const steps = ["--steps", "40", "--sampler", "ddpm", "--count", "4", "--seed", "1"];
  const sample = ["sample", "--model", folder, ...steps];

  test("gives the samples of this machine, also after it was killed in a run", async () => {
    const x = { shape: ["batch", 1, 8, 8] };
    const server = await startMlServer(at("mlserver"), {
      name: "unet",
      model: `${folder}/unet/model.onnx`,
      inputs: { sample: x, timestep: { shape: ["batch"], dtype: "int64" } },
      outputs: { out_sample: x },
    });
    try {
      await runJson(...sample, "--out", at("here.npy"));
      const there = [...sample, "--remote", server.url, "--out"];
      await runJson(...there, at("there.npy"));
      const [here, remote] = [at("here.npy"), at("there.npy")].map(valuesOf);
      const errors = here.map((value, i) => Math.abs(value - remote[i]));
      expect(Math.max(...errors)).toBeLessThan(1e-5);

      const out = at("killed.npy");
      const running = gen([...there, out]);
      const tape = `${out}.steps`;
      while (!existsSync(tape) || statSync(tape).size < 20_000) await setTimeout(2);
      await server.kill();
      const { code, stderr } = await running;
      expect([code, existsSync(out)]).toEqual([1, false]);
      expect(stderr).toMatch(
        /did not answer .*, 5 times; step \d+ of 40 was reached, and .*--resume/,
      );
      await server.restart();
      const report = await runJson(...there, out, "--resume");
      expect(report.resumed).toBeGreaterThan(3);
      expect(report.resumed).toBeLessThan(40);
      expect(valuesOf(out)).toEqual(remote);
    } finally {
      await server.kill();
    }
  });
});
