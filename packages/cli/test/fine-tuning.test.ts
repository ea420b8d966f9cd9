/*
 * Trainings beside the plain one: EDM's, of another folder's model with all weights or by LoRA, of
 * a classifier and what it is for. `npm run test:all` runs all of them, `npm test` one of each kind;
 * `npm run kills` kills them besides.
 */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { readNpy, readNpz, readSafetensors, writeNpy } from "@gen/data";
import { beforeAll, describe, expect, test } from "vitest";
import { genHere, runJsonHere, scratch } from "./gen.ts";

const { at } = scratch();
const all = process.env.GEN_TEST_ALL === "1";
const json = (...path: string[]) => JSON.parse(readFileSync(at(...path), "utf8"));
const array = (name: string) => {
  const { data, shape } = readNpy(readFileSync(at(name)));
  return { data: Float64Array.from(data as Float32Array), shape };
};
const bytes = (...path: string[]) => readFileSync(at(...path));
async function refused(message: string | RegExp, ...args: string[]) {
  const { code, stderr } = await genHere(args);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
}

const count = 600;
const ddpm = (...args: string[]) => ["train", "ddpm", "--batch", "64", "--width", "32", ...args];
const blobs = () => ["--data", at("blobs.npy"), "--labels", at("sides.npy")];

beforeAll(async () => {
  // Two blobs, one for each class.
  const sides = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const data = Float32Array.from({ length: 2 * count }, (_, k) => {
    const i = Math.floor(k / 2);
    return (sides[i] ? 1 : -1) + 0.3 * Math.sin(17 * k * k);
  });
  writeFileSync(at("blobs.npy"), writeNpy({ data, shape: [count, 2] }));
  writeFileSync(at("sides.npy"), writeNpy({ data: sides, shape: [count] }));
  await runJsonHere(...ddpm(...blobs(), "--steps", "250", "--out", at("base")));
}, 120_000);

/** The share of points on the side of class 1. */
const share = (name: string) => {
  const { data, shape } = array(name);
  return data.filter((v, k) => k % 2 === 0 && v > 0).length / shape[0];
};

describe.concurrent("gen train ddpm --predicts edm", () => {
  test("makes the data by Karras's levels; other samplers, levels and bounds are refused", async () => {
    const line = Array.from({ length: 400 }, (_, i) => `${Math.sin(i)},${2 * Math.sin(i)}`);
    writeFileSync(at("line.csv"), `x,y\n${line.join("\n")}\n`);
    const args = ["train", "ddpm", "--data", at("line.csv"), "--predicts", "edm", "--batch", "128"];
    const held = ["--width", "32", "--steps", "400", "--validate-every", "200"];
    const { heldOut } = await runJsonHere(...args, ...held, "--out", at("edm"));
    expect((heldOut as { loss: number }).loss).toBeLessThan(0.7);
    expect(json("edm", "scheduler", "scheduler_config.json")).toMatchObject({
      ...{ _class_name: "EDMEulerScheduler", sigma_data: 1, sigma_schedule: "karras" },
      prediction_type: "epsilon",
    });
    for (const sampler of [[], ["--sampler", "dpm-solver++"]]) {
      const sample = [
        "sample",
        "--model",
        at("edm"),
        ...sampler,
        "--steps",
        "20",
        "--count",
        "500",
      ];
      const name = `edm${sampler.length}.npy`;
      await runJsonHere(...sample, "--out", at(name));
      const { data } = array(name);
      // Noise alone would be off the line y = 2x by 2.1 in the mean square.
      const off = data.reduce((sum, y, i) => (i % 2 ? sum + (y - 2 * data[i - 1]) ** 2 : sum), 0);
      expect(off / 500).toBeLessThan(0.15);
    }
    const compare = ["compare", "--model", at("edm"), "--count", "20", "--steps", "4"];
    const { runs } = await runJsonHere(...compare, "--reference", "8", "--out", at("edm.png"));
    expect((runs as { sampler: string }[]).map(({ sampler }) => sampler)).toEqual([
      "euler",
      "dpm-solver++",
    ]);
    const sample = ["sample", "--model", at("edm"), "--out", at("never.npy")];
    await refused("sampler must be euler or dpm-solver", ...sample, "--sampler", "ddim");
    await refused("--spacing must be left out", ...sample, "--spacing", "optimal");
    const evaluate = ["evaluate", "--model", at("edm"), "--count", "20", "--out", at("never.png")];
    await refused("--bound must be left out: EDM", ...evaluate, "--bound", "4");
    await refused(
      "--schedule must be left out",
      ...args,
      "--schedule",
      "cosine",
      "--out",
      at("no"),
    );
    await refused("--timesteps must be left out", ...args, "--timesteps", "50", "--out", at("no"));
  });
});

describe.concurrent("gen train ddpm --from", () => {
  const tune = (...args: string[]) => [
    "train",
    "ddpm",
    "--from",
    at("base"),
    "--batch",
    "64",
    "--rate-decay",
    "constant",
    ...args,
  ];

  test.each([...(all ? [["all weights", []] as const] : []), ["a LoRA", ["--lora", "2"]] as const])(
    "trains %s, and goes on to the same bytes",
    async (name, flags) => {
      const [whole, parts] = [at(`whole ${name}`), at(`parts ${name}`)];
      const args = tune("--data", "rings", ...flags);
      await runJsonHere(...args, "--steps", "30", "--out", whole);
      await runJsonHere(...args, "--steps", "20", "--out", parts);
      const more = await genHere([...args, "--steps", "30", "--out", parts]);
      expect(more.stderr).toContain("(resumed at step 20)");
      const lora = flags.length > 0 ? ["lora.safetensors"] : [];
      for (const path of ["unet/model.onnx", "training/state.safetensors", ...lora])
        expect(readFileSync(`${parts}/${path}`).equals(readFileSync(`${whole}/${path}`))).toBe(
          true,
        );
      const { settings, history } = JSON.parse(
        readFileSync(`${whole}/training/training.json`, "utf8"),
      );
      // A tenth of the usual rate, but not for changes that begin at 0.
      expect(settings.learningRate).toBe(flags.length > 0 ? 2e-3 : 2e-4);
      expect(history.losses.loss).toHaveLength(3);
    },
  );

  test("begins with the model, and a LoRA beside it is the model that was written", async () => {
    const args = tune(...blobs(), "--lora", "2", "--ema", "0", "--learning-rate", "0.02");
    await runJsonHere(...args, "--steps", "10", "--out", at("lora"));
    const { tensors } = readSafetensors(bytes("lora", "lora.safetensors"));
    expect(Object.keys(tensors).sort().slice(0, 3)).toEqual([
      "lora_unet_layers_0.alpha",
      "lora_unet_layers_0.lora_down.weight",
      "lora_unet_layers_0.lora_up.weight",
    ]);
    const draw = async (name: string, ...flags: string[]) => {
      const sample = ["sample", "--steps", "5", "--count", "20", "--out", at(name)];
      await runJsonHere(...sample, ...flags);
      return array(name).data;
    };
    const lora = ["--lora", at("lora", "lora.safetensors")];
    const [merged, beside, none, base] = await Promise.all([
      draw("merged.npy", "--model", at("lora")),
      draw("beside.npy", "--model", at("base"), ...lora),
      draw("none.npy", "--model", at("base"), ...lora.slice(0, 1), `${lora[1]}:0`),
      draw("base.npy", "--model", at("base")),
    ]);
    const apart = (a: Float64Array, b: Float64Array) =>
      a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);
    expect(apart(beside, merged)).toBeLessThan(1e-5);
    expect(apart(none, base)).toBe(0);
    expect(apart(merged, base)).toBeGreaterThan(1e-2);
    // The first step of a training has the loss of the model.
    const { history } = json("lora", "training", "training.json");
    expect(history.losses.loss[0]).toBeLessThan(0.7);
  });

  test("refuses what does not fit the folder", async () => {
    const out = ["--out", at("never")];
    await refused("--predicts must be left out", ...tune("--predicts", "v", ...out));
    await refused("--lora 2 needs --from", "train", "ddpm", "--lora", "2", ...out);
    const gone = ["train", "ddpm", "--from", at("gone"), ...out];
    await refused("must be a folder on this machine", ...gone);
    await refused("must hold items [2] as", ...tune("--data", "digits", ...out));
    await refused("knows no classes", ...tune(...blobs(), "--class-dropout", "0.2", ...out));
    cpSync(at("base"), at("moved"), { recursive: true });
    const args = ["train", "ddpm", "--data", "rings", "--batch", "64", "--steps"];
    await runJsonHere(...args, "5", "--from", at("moved"), "--out", at("of-moved"));
    await runJsonHere(...ddpm(...blobs(), "--steps", "401", "--out", at("moved")));
    await refused(
      "trained with from",
      ...args,
      "5",
      "--from",
      at("moved"),
      "--out",
      at("of-moved"),
    );
  });
});

describe.concurrent("gen train classifier", () => {
  const args = (...more: string[]) => [
    "train",
    "classifier",
    ...blobs(),
    "--batch",
    "64",
    "--width",
    "16",
    "--steps",
    "200",
    ...more,
  ];

  test("learns classes of noisy items and guides a model that knows none", async () => {
    const held = ["--noisy", "--validate-every", "100"];
    const result = await runJsonHere(...args(...held), "--out", at("guide"));
    // Over all noise levels, half of which hide the class.
    expect(result.heldOutAccuracy as number).toBeGreaterThan(0.6);
    const { history } = json("guide", "training", "training.json");
    expect(Object.keys(history.losses)).toEqual(["loss", "accuracy"]);
    const sample = ["sample", "--model", at("base"), "--steps", "20", "--count", "200"];
    const guided = [...sample, "--classifier", at("guide"), "--guidance", "3", "--class"];
    await Promise.all([
      runJsonHere(...sample, "--out", at("free.npy")),
      runJsonHere(...guided, "1", "--out", at("ones.npy")),
      runJsonHere(...guided, "0", "--out", at("zeros.npy")),
    ]);
    expect(Math.abs(share("free.npy") - 0.5)).toBeLessThan(0.2);
    expect(share("ones.npy")).toBeGreaterThan(0.9);
    expect(share("zeros.npy")).toBeLessThan(0.1);
    const out = ["--out", at("never.npy")];
    await refused("--classifier needs --class", ...sample, "--classifier", at("guide"), ...out);
    const of = ["--class", "1", ...out];
    await refused("must be a folder that", ...sample, "--classifier", at("base"), ...of);
    const none = ["train", "classifier", "--data", "checkerboard", "--out", at("never")];
    await refused(
      "must have two classes or more, subfolders or labels in the file, got 1",
      ...none,
    );
  });

  test("of clean items is right, goes on to the same bytes, and guides nothing", async () => {
    const clean = ["--rate-decay", "constant", "--out"];
    const result = await runJsonHere(...args(...clean, at("clean")));
    expect(result.heldOutAccuracy as number).toBeGreaterThan(0.98);
    if (all) {
      const short = args(...clean, at("parts"));
      short[short.indexOf("200")] = "100";
      await runJsonHere(...short);
      await runJsonHere(...args(...clean, at("parts")));
      for (const path of ["classifier/model.onnx", "features.onnx", "training/state.safetensors"])
        expect(bytes("parts", path).equals(bytes("clean", path))).toBe(true);
    }
    const sample = ["sample", "--model", at("base"), "--class", "1", "--out", at("never.npy")];
    await refused("must know noise", ...sample, "--classifier", at("clean"));
    await refused(
      "--samples-every must be left out",
      ...args("--samples-every", "5", "--out", at("no")),
    );
  });

  test.runIf(all)("of images measures samples in its features", async () => {
    const train = ["train", "classifier", "--data", "digits", "--width", "8", "--steps", "20"];
    await runJsonHere(...train, "--out", at("digits"));
    const noise = Float32Array.from({ length: 40 * 64 }, (_, i) => Math.sin(i * i));
    writeFileSync(at("noise.npy"), writeNpy({ data: noise, shape: [40, 1, 8, 8] }));
    const evaluate = [
      "evaluate",
      "--samples",
      at("noise.npy"),
      "--data",
      "digits",
      "--count",
      "40",
    ];
    const result = await runJsonHere(...evaluate, "--features", at("digits"), "--out", at("e.png"));
    expect(result.features).toContain("features of");
    expect(result.distances as object).toHaveProperty("frechet");
  });
});

describe.concurrent("VAEs of codes, a discriminator, and a diffusion model as the prior", () => {
  const digits = (...args: string[]) => [
    "train",
    "vae",
    "--data",
    "digits",
    "--batch",
    "32",
    "--width",
    "16",
    ...args,
  ];

  test.each([
    ["vq", ["--objective", "vq", "--latent", "4", "--codes", "32"], [4, 16], 32],
    ...(all
      ? ([
          [
            "fsq",
            ["--objective", "fsq", "--levels", "4,3", "--network", "residual"],
            [2, 2, 2],
            12,
          ],
        ] as const)
      : []),
  ] as const)(
    "%s encodes to codes, decodes codes, and draws them",
    async (name, flags, latent, codes) => {
      const model = ["--model", at(name)];
      const { losses } = await runJsonHere(...digits(...flags, "--steps", "60"), "--out", at(name));
      const { perplexity, kl } = losses as Record<string, number>;
      expect(perplexity).toBeGreaterThan(1);
      expect(perplexity).toBeLessThanOrEqual(codes + 1e-3);
      const positions = latent.slice(1).reduce((a: number, b: number) => a * b, 1);
      expect(kl).toBeCloseTo(positions * Math.log(codes), 3);
      await runJsonHere("encode", ...model, "--split", "test", "--out", at(`${name}.npz`));
      const found = readNpz(bytes(`${name}.npz`));
      expect(found.z.shape.slice(1)).toEqual([...latent]);
      expect(found.codes.shape.slice(1)).toEqual(latent.slice(1));
      const numbers = Int32Array.from(found.codes.data as Int32Array);
      writeFileSync(at(`${name}-codes.npy`), writeNpy({ data: numbers, shape: found.codes.shape }));
      const decode = (from: string, to: string) =>
        runJsonHere("decode", ...model, "--latents", at(from), "--out", at(to));
      await decode(`${name}.npz`, `${name}-z.npy`);
      await decode(`${name}-codes.npy`, `${name}-c.npy`);
      const [byVectors, byCodes] = [array(`${name}-z.npy`), array(`${name}-c.npy`)];
      expect(byCodes.shape).toEqual(byVectors.shape);
      for (const [i, v] of byCodes.data.entries()) expect(v).toBeCloseTo(byVectors.data[i], 4);
      const { nats } = await runJsonHere("reconstruct", ...model, "--out", at(`${name}-r.png`));
      expect((nats as { kl: number }).kl).toBeCloseTo(positions * Math.log(codes), 3);
      const drawn = await runJsonHere(
        "sample",
        ...model,
        "--count",
        "6",
        "--out",
        at(`${name}.png`),
      );
      expect(drawn.shape).toEqual([6, 1, 8, 8]);
      const mixture = ["sample", ...model, "--prior", "mixture", "--out", at("never.png")];
      await refused("--prior mixture must be left out", ...mixture);
    },
  );

  test("factor trains its discriminator beside it, and goes on to the same bytes", async () => {
    const constant = ["--rate-decay", "constant", "--validate-every", "10"];
    const args = digits("--objective", "factor", "--gamma", "4", ...constant, "--steps");
    await runJsonHere(...args, "20", "--out", at("factor"));
    if (all) {
      await runJsonHere(...args, "10", "--out", at("factor-parts"));
      await runJsonHere(...args, "20", "--out", at("factor-parts"));
      for (const path of ["vae_decoder/model.onnx", "training/state.safetensors"])
        expect(bytes("factor-parts", path).equals(bytes("factor", path))).toBe(true);
    }
    const { history } = json("factor", "training", "training.json");
    expect(Object.keys(history.losses)).toContain("discriminator");
    const wrong = digits("--objective", "vq", "--gamma", "1", "--out", at("never"));
    await refused("--gamma is not for --objective vq", ...wrong);
    await refused("whose product is at most 65536", ...digits("--levels", "1000,1000"));
    const classes = digits("--objective", "fsq", "--classes", "--out", at("never"));
    await refused("--classes must be left out", ...classes);
  });

  test.runIf(all)(
    "a diffusion model of the latents is a prior, unless the VAE has moved on",
    async () => {
      const vae = digits(
        "--latent",
        "3",
        "--rate-decay",
        "constant",
        "--out",
        at("vae"),
        "--steps",
      );
      await runJsonHere(...vae, "20");
      const ddpm = ["train", "ddpm", "--data", "digits", "--vae", at("vae"), "--width", "16"];
      await runJsonHere(...ddpm, "--steps", "20", "--out", at("latents"));
      const draw = ["--steps", "4", "--count", "5", "--seed", "3", "--out"];
      const prior = ["sample", "--model", at("vae"), "--prior", at("latents"), ...draw];
      await runJsonHere(...prior, at("by-prior.npy"));
      await runJsonHere("sample", "--model", at("latents"), ...draw, at("by-pipeline.npy"));
      expect(bytes("by-prior.npy").equals(bytes("by-pipeline.npy"))).toBe(true);
      await refused("must be own, mixture, or a folder", ...prior.with(4, at("base")), at("n.npy"));
      const tuned = ["train", "ddpm", "--data", "digits", "--from", at("latents"), "--steps", "5"];
      await runJsonHere(...tuned, "--lora", "1", "--out", at("tuned"));
      const drawn = ["sample", "--model", at("tuned"), ...draw, at("tuned.npy")];
      expect((await runJsonHere(...drawn)).shape).toEqual([5, 1, 8, 8]);
      await runJsonHere(...vae, "30");
      await refused("the latents of another VAE, trained with steps 20", ...prior, at("n.npy"));
    },
  );
});
