import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readNpy } from "@gen/data";
import { mlp } from "@gen/nn";
import { pipelineFiles } from "@gen/pipeline";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { denoiser, denoiserFunction } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { afterAll, describe, expect, test } from "vitest";
import { inferenceServer } from "../../../tooling/fixtures/inference-server.ts";
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
