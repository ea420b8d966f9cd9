import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { hasRedis, missingRedis, startRedis } from "../../../tooling/fixtures/redis.ts";
import { freePort } from "../../../tooling/scripts/free-port.mjs";
import { gen, genHere, runJsonHere, scratch } from "./gen.ts";

/*
 * `gen jobs`: what workers compute together is what `gen sample` and `gen generate` write alone, byte
 * for byte.
 */
const { at } = scratch();
const unet = fileURLToPath(new URL("reference/unet-8", import.meta.url));
const store = at("store");

describe.skipIf(!hasRedis)(hasRedis ? "gen jobs" : missingRedis, async () => {
  const redis = hasRedis ? await startRedis(at("redis")) : undefined;
  if (!redis) return;
  afterAll(() => redis.kill());
  const reach = ["--redis", redis.url];
  const shared = [...reach, "--store", store];
  const submit = async (more: readonly string[], words: readonly string[]) => {
    const ran = await genHere(["jobs", "submit", ...shared, "--json", ...more, ...words]);
    expect(ran.code, ran.stderr).toBe(0);
    return JSON.parse(ran.stdout);
  };
  const work = (...more: string[]) =>
    runJsonHere("jobs", "work", ...shared, "--cache", at("cache"), "--drain", ...more);
  const small = ["--part-seconds", "0.001"];

  test("samples of two workers are those of one process", async () => {
    const words = ["--model", unet, "--count", "150", "--steps", "3", "--seed", "4"];
    const noisy = ["sample", ...words, "--sampler", "ddpm"];
    const job = await submit(small, noisy);
    expect(job).toMatchObject({ kind: "sample", count: 150, backends: ["onnx"] });
    const [one, two] = await Promise.all([work("--name", "one"), work("--name", "two")]);
    expect([one.parts, two.parts].map(Number).reduce((a, b) => a + b)).toBe(2);
    const status = await runJsonHere("jobs", "status", String(job.id), ...reach);
    expect(status).toMatchObject({ state: "done", done: 150, parts: { all: 2, failed: 0 } });
    const collected = await runJsonHere(
      ...["jobs", "collect", String(job.id), "--store", store, "--out", at("many.npy")],
    );
    const alone = await runJsonHere(...noisy, "--out", at("alone.npy"));
    expect(readFileSync(at("many.npy"))).toEqual(readFileSync(at("alone.npy")));
    const { seconds: _, backend, out: __, ...facts } = alone;
    expect(collected).toMatchObject(facts);
    for (const part of collected.parts as object[]) expect(part).toMatchObject({ backend });
  });

  test("a job reads no file that it did not bring", async () => {
    const words = ["sample", "--model", unet, "--count", "2", "--steps", "1"];
    const { id } = await submit([], words);
    const path = at("store/jobs", id, "job.json");
    const job = JSON.parse(String(readFileSync(path)));
    writeFileSync(path, JSON.stringify({ ...job, options: { ...job.options, init: "/etc/x" } }));
    const ran = await genHere(["jobs", "work", ...shared, "--cache", at("cache"), "--drain"]);
    expect(ran.stderr).toMatch(/failed: the job names a file that it did not bring: \/etc\/x/);
    const status = await gen(["jobs", "status", id, ...reach]);
    expect([status.code, status.stdout]).toEqual([
      1,
      expect.stringMatching(/1 set aside\n {2}set aside: the part of item 0: the job names a file/),
    ]);
    const mended = { ...job.options, init: undefined };
    writeFileSync(path, JSON.stringify({ ...job, options: mended }));
    expect(await runJsonHere("jobs", "retry", id, ...reach)).toEqual({ id, parts: 1 });
    expect(await work()).toMatchObject({ parts: 1, items: 2 });
    const again = await genHere(["jobs", "retry", id, ...reach]);
    expect([again.code, again.stdout]).toEqual([
      0,
      `no part of job ${id} was set aside; workers that refused it look at it again\n`,
    ]);
    expect(await runJsonHere("jobs", "status", id, ...reach)).toMatchObject({ state: "done" });
    await runJsonHere("jobs", "cancel", id, ...reach);
    const gone = await genHere(["jobs", "retry", id, ...reach]);
    expect([gone.code, gone.stderr]).toEqual([
      2,
      expect.stringMatching(`has no job ${id}; gen jobs status lists its jobs`),
    ]);
  });

  test.each([
    ["sample", { model: "https://127.0.0.1:1/model" }],
    ["sample", { lora: [{ path: "/etc/x", strength: 1 }] }],
    ["generate", { image: { path: "/etc/x" } }],
    ["generate", { controls: [{ path: "/etc/x", net: "/etc/x" }] }],
    ["evaluate", { data: "/etc/x", features: "/etc/x" }],
  ])("a job of gen %s reads no file of %j", async (name, more) => {
    const model = name === "generate" ? modelFolder("sd1").write(at("sd1")) : unet;
    const prompt = name === "generate" ? ["a fox"] : [];
    const few = name === "evaluate" ? ["--data", "digits", "--count", "10"] : ["--count", "1"];
    const { id } = await submit([], [name, ...prompt, "--model", model, ...few]);
    const path = at("store/jobs", id, "job.json");
    const job = JSON.parse(String(readFileSync(path)));
    const own = job.options.settings ?? job.options;
    Object.assign(own, more);
    writeFileSync(path, JSON.stringify(job));
    const ran = await genHere(["jobs", "work", ...shared, "--cache", at("cache"), "--drain"]);
    expect(ran.stderr).toMatch(
      /failed: the job names a file that it did not bring: (\/etc\/x|https)/,
    );
    await runJsonHere("jobs", "cancel", id, ...reach);
  });

  test("pictures of a worker have the settings and the bytes of gen generate", async () => {
    const sd1 = modelFolder("sd1").write(at("sd1"));
    // 65 are two batches.
    const count = allEngines ? 65 : 2;
    const flags = ["--steps", "1", "--guidance", "1", "--count", `${count}`, "--seed", "3"];
    const words = ["generate", "a fox", "--model", sd1, ...flags];
    const { id } = await submit(small, words);
    expect(await work()).toMatchObject({ parts: 1, items: count });
    await runJsonHere("jobs", "collect", id, "--store", store, "--out", at("many"));
    await runJsonHere(...words, "--out", at("alone"));
    const names = readdirSync(at("alone"));
    expect(readdirSync(at("many"))).toEqual(names);
    expect(names).toHaveLength(count + 2);
    for (const name of names)
      expect(readFileSync(at("many", name)), name).toEqual(readFileSync(at("alone", name)));
  });

  test("an evaluation, and latents, of workers are those of one process", async () => {
    const vae = at("vae");
    const sizes = ["--width", "16", "--latent", "2", "--steps", "20"];
    await runJsonHere("train", "vae", "--data", "digits", ...sizes, "--out", vae);
    const picture = (name: string) => ["--out", at(`${name}.png`)];
    const ofUnet = ["--model", unet, "--data", "digits", "--steps", "2", "--count", "100"];
    // Parts of 64 and 36 samples; of 250 and 50, whose held-out items end before.
    const bound = allEngines ? ["--bound", "2"] : [];
    const evaluations = [
      ["evaluate", ...ofUnet, ...bound],
      ["evaluate", "--model", vae, "--count", "300", "--draws", "20"],
    ];
    for (const words of evaluations) {
      const { id } = await submit(small, words);
      expect(await work()).toMatchObject({ parts: 1 });
      const many = await runJsonHere(
        ...["jobs", "collect", String(id), "--store", store, ...picture("many"), "--force"],
      );
      const alone = await runJsonHere(...words, ...picture("alone"), "--force");
      const { out: _, backend, ...numbers } = alone;
      expect(many).toMatchObject(numbers);
      for (const part of many.parts as object[]) expect(part).toMatchObject({ backend });
      expect(readFileSync(at("many.png"))).toEqual(readFileSync(at("alone.png")));
    }
    const encoding = ["encode", "--model", vae, "--draw", "sample", "--seed", "5"];
    const latents = await submit(small, encoding);
    expect(await work()).toMatchObject({ items: 1797 });
    await runJsonHere("jobs", "collect", latents.id, "--store", store, "--out", at("many.npz"));
    await runJsonHere(...encoding, "--out", at("alone.npz"));
    expect(readFileSync(at("many.npz"))).toEqual(readFileSync(at("alone.npz")));
    const decoding = ["decode", "--model", vae, "--latents", at("alone.npz")];
    const pictures = await submit(small, decoding);
    expect(await work()).toMatchObject({ items: 1797 });
    await runJsonHere("jobs", "collect", pictures.id, "--store", store, "--out", at("back.npy"));
    await runJsonHere(...decoding, "--out", at("here.npy"));
    expect(readFileSync(at("back.npy"))).toEqual(readFileSync(at("here.npy")));
    const file = ["evaluate", "--samples", at("here.npy"), "--data", "digits"];
    const refused = await genHere(["jobs", "submit", ...shared, ...file]);
    expect(refused.stderr).toMatch(/--samples must be left out of a job/);
  });

  test("a worker takes what it can compute, by priority, and says in a line why not the rest", async () => {
    const words = ["sample", "--model", unet, "--count", "2", "--steps", "1"];
    const low = await submit([], words);
    const high = await submit(["--priority", "5"], words);
    const other = await submit(["--backends", "tfjs/cpu"], words);
    const ran = await genHere([...["jobs", "work", ...shared, "--cache", at("cache"), "--drain"]]);
    expect(ran.code, ran.stderr).toBe(0);
    const lines = ran.stderr.split("\n").filter((line) => line.includes("is done"));
    expect(lines.map((line) => /job (\w+)/.exec(line)?.[1])).toEqual([high.id, low.id]);
    expect(ran.stderr).toMatch(
      new RegExp(`note: job ${other.id} is for tfjs/cpu, and this worker has onnx/node-cpu`),
    );
    await runJsonHere("jobs", "cancel", other.id, ...reach);
    const all = await runJsonHere("jobs", "status", ...reach);
    const ids = (all as unknown as { id: string }[]).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([low.id, high.id]));
    expect(ids).not.toContain(other.id);
  });

  test("gen cache lists and removes the models that workers fetched", async () => {
    const kept = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = at("xdg");
    try {
      await submit([], ["sample", "--model", unet, "--count", "1", "--steps", "1"]);
      await runJsonHere("jobs", "work", ...shared, "--drain");
      const folder = at("xdg", "gen", "jobs");
      const [sha256] = readdirSync(folder);
      mkdirSync(`${folder}/.1-a.tmp`);
      const { jobs } = await runJsonHere("cache");
      expect(jobs).toMatchObject({ folder, models: [{}, {}] });
      const { models, bytes } = jobs as unknown as {
        models: { sha256?: string; bytes: number }[];
        bytes: number;
      };
      expect(models.map((model) => model.sha256)).toEqual(expect.arrayContaining([sha256]));
      expect(bytes).toBeGreaterThan(1000);
      const { stderr, code } = await genHere(["cache", "--clear"]);
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /to remove all 0 files in .* and 2 models of gen jobs work in .*jobs,/,
      );
      await genHere(["cache", sha256.slice(0, 8), "--clear"]);
      expect(readdirSync(folder)).toEqual([".1-a.tmp"]);
      await genHere(["cache", "--clear", "--force"]);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      if (kept === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = kept;
    }
  });

  test("a job whose files are not the job's is refused in a line, and nothing is computed", async () => {
    const words = ["sample", "--model", unet, "--count", "2", "--steps", "1"];
    const { id } = await submit([], words);
    const { inputs } = JSON.parse(String(readFileSync(at("store/jobs", id, "job.json"))));
    const [file] = Object.values<{ sha256: string }>(inputs[unet].files);
    const path = at("store/files", file.sha256);
    const whole = readFileSync(path);
    writeFileSync(path, "something else");
    const empty = [...reach, "--cache", at("empty"), "--drain"];
    const refused = await genHere(["jobs", "work", "--store", store, ...empty]);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toMatch(/gen: .* in the store has the SHA-256 .*, and the job wants/);
    writeFileSync(path, whole);
    mkdirSync(at("elsewhere"));
    const lost = await genHere(["jobs", "work", "--store", at("elsewhere"), ...empty]);
    expect(lost.code).toBe(2);
    expect(lost.stderr).toMatch(new RegExp(`gen: job ${id} is not in this store`));
    expect(await work("--model", unet)).toMatchObject({ parts: 1, items: 2 });

    const bare = [...reach, "--store", at("bare")];
    await genHere(["jobs", "submit", ...bare, "--no-upload", ...words]);
    const other = ["jobs", "work", ...bare, "--cache", at("empty"), "--drain", "--model"];
    const differs = await genHere([...other, at("elsewhere")]);
    expect(differs.code).toBe(2);
    expect(differs.stderr).toMatch(/gen: .* is not in the store: submit without --no-upload/);
    expect(await runJsonHere(...other, unet)).toMatchObject({ parts: 1, items: 2 });
  });
});

test.each([
  [["submit", "sample"], /--store must be given/],
  [
    ["submit", "--store", store, "train"],
    /takes sample, generate, evaluate, encode, decode, got train/,
  ],
  [["submit", "--store", store, "sample", "--colour"], /unknown option '--colour'; allowed are/],
  [["collect", "abcdefghijkm", "--store", at("none")], /job abcdefghijkm is not in this store/],
  [["status", "--redis", "localhost:1"], /redis must be an address such as redis:/],
] as const)("gen jobs %j is refused", async (args, message) => {
  const { code, stdout, stderr } = await genHere(["jobs", ...args]);
  expect({ code, stdout, lines: stderr.trim().split("\n").length }).toEqual({
    ...{ code: 2, stdout: "", lines: 1 },
  });
  expect(stderr).toMatch(message);
});

test("without Redis, a line says how to start one", async () => {
  const url = `redis://:secret@127.0.0.1:${await freePort()}`;
  const { code, stderr } = await genHere(["jobs", "status", "--redis", url]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^gen: no Redis answers at 127\.0\.0\.1:\d+: start one with redis-server/);
  expect(stderr).not.toContain("secret");
});
