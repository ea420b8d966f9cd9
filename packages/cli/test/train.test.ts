import { execFileSync } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readNpy, readPng, readSafetensors, writeNpy } from "@gen/data";
import { describe, expect, test } from "vitest";
import { eventFileStart, eventRecord } from "../src/event-file.ts";
import { isEarly } from "../src/training-history.ts";
import { genHere as gen, interruptGen, runJsonHere as runJson, scratch } from "./gen.ts";

const { at, files } = scratch();
const json = (...path: string[]) => JSON.parse(readFileSync(at(...path), "utf8"));
const numbers = (path: string) => {
  const { data, shape } = readNpy(readFileSync(path));
  return { data: Float64Array.from(data as Float32Array), shape };
};
const small = ["--batch", "16", "--width", "16"];

/** Two overlapping squares of grey in images of 8 x 8. */
function pictures(name: string, n: number): string {
  const data = new Uint8Array(n * 64);
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < 64; p++) {
      if (p % 8 > i % 4 && p / 8 > i % 5) data[64 * i + p] = 200;
    }
  }
  writeFileSync(at(name), writeNpy({ data, shape: [n, 8, 8] }));
  return at(name);
}

describe.concurrent("gen train", () => {
  test("vae writes ONNX, state and a curve, and reports the result", async () => {
    const data = pictures("vae.npy", 60);
    const args = ["train", "vae", "--data", data, ...small, "--latent", "3", "--steps", "40"];
    const result = await runJson(...args, "--seed", "2", "--out", at("vae"));
    expect(result).toMatchObject({ out: at("vae"), steps: 40, backend: "onnx/node-cpu" });
    const { loss, reconstruction, kl } = result.losses as Record<string, number>;
    expect(loss).toBeCloseTo(reconstruction + kl, 2);
    expect(readdirSync(at("vae"), { recursive: true }).sort()).toEqual([
      "loss.png",
      "training",
      "training/state.safetensors",
      "training/training.json",
      "vae_decoder",
      "vae_decoder/config.json",
      "vae_decoder/model.onnx",
      "vae_encoder",
      "vae_encoder/model.onnx",
    ]);
    const { history, settings } = json("vae", "training", "training.json");
    expect(history.steps).toEqual([10, 20, 30, 40]);
    expect(history.losses.loss.at(-1)).toBeLessThan(history.losses.loss[0]);
    expect(settings).toMatchObject({ latent: 3, seed: 2, steps: 40, batch: 16, network: "mlp" });
    expect(readPng(readFileSync(at("vae", "loss.png"))).channels).toBe(3);
  });

  test("a batch in parts has the losses of the whole batch; another number of parts is refused", async () => {
    const data = pictures("parts.npy", 60);
    const args = ["train", "vae", "--data", data, ...small, "--latent", "3", "--steps", "10"];
    const whole = await runJson(...args, "--out", at("whole"));
    const parts = await runJson(...args, "--accumulate", "4", "--out", at("parts"));
    const lossOf = ({ losses }: typeof whole) => (losses as { loss: number }).loss;
    expect(lossOf(parts) / lossOf(whole)).toBeCloseTo(1, 4);
    expect(json("parts", "training", "training.json").settings.accumulate).toBe(4);
    const again = await gen([...args, "--steps", "20", "--out", at("parts")]);
    expect(again.stderr).toContain("accumulate 4 (now unset)");
    const odd = await gen([...args, "--accumulate", "3", "--out", at("odd")]);
    expect(odd.stderr).toContain("--accumulate must divide --batch 16, got 3");
  });

  test("the optimizer, its rate and the average are settings, and bad ones are refused", async () => {
    const rings = ["train", "ddpm", "--data", "rings", ...small, "--steps", "20"];
    const ways = {
      adam: [],
      adamw: ["--optimizer", "adamw", "--weight-decay", "0.1", "--rate-decay", "linear"],
      lion: ["--optimizer", "lion", "--warm-up", "0", "--ema", "0"],
      sgd: ["--optimizer", "sgd", "--momentum", "0.5", "--rate-decay", "step:5"],
    };
    const states = Object.entries(ways).map(async ([name, flags]) => {
      await runJson(...rings, ...flags, "--out", at(`by-${name}`));
      const { tensors } = readSafetensors(
        readFileSync(at(`by-${name}`, "training", "state.safetensors")),
      );
      return [...new Set(Object.keys(tensors).map((key) => key.split("/")[0]))].sort();
    });
    expect(await Promise.all(states)).toEqual([
      ["ema", "first", "second", "weights"],
      ["ema", "first", "second", "weights"],
      ["momentum", "weights"],
      ["ema", "velocity", "weights"],
    ]);
    // Defaults are left out, so that folders of older versions are continued.
    expect(json("by-adam", "training", "training.json").settings).not.toHaveProperty("optimizer");
    const { settings } = json("by-sgd", "training", "training.json");
    expect(settings).toMatchObject({ learningRate: 0.02, rateDecay: "step:5:0.1", momentum: 0.5 });
    const other = await gen([...rings, "--out", at("by-lion")]);
    expect(other.stderr).toContain("optimizer lion (now unset), warm-up 0 (now unset)");
    const momentum = await gen([...rings, "--momentum", "0.9", "--out", at("by-none")]);
    expect(momentum.stderr).toContain("--momentum 0.9 is for --optimizer sgd, got adam");
    const falling = await gen([...rings, "--rate-decay", "step:0", "--out", at("by-none")]);
    expect(falling.stderr).toMatch(
      /--rate-decay <how>' argument 'step:0' is invalid.* step:1000:0.5/,
    );
  });

  test.each([
    ["constant", ["--warm-up", "7"]],
    ["step:10:0.5", []],
  ])(
    "more steps at a rate that is %s are a training of that length, bit for bit",
    async (decay, flags) => {
      const args = ["train", "ddpm", "--data", "rings", ...small, "--rate-decay", decay, ...flags];
      const [once, twice] = [at(`once-${decay[0]}`), at(`twice-${decay[0]}`)];
      await runJson(...args, "--steps", "25", "--out", twice);
      const more = await gen([...args, "--steps", "40", "--out", twice]);
      expect(more.code, more.stderr).toBe(0);
      expect(more.stderr).toContain("(resumed at step 25)");
      expect(more.stderr).not.toContain("note:");
      await runJson(...args, "--steps", "40", "--out", once);
      for (const path of ["unet/model.onnx", "training/state.safetensors"])
        expect(readFileSync(`${twice}/${path}`).equals(readFileSync(`${once}/${path}`))).toBe(true);
      const recordOf = (folder: string) =>
        JSON.parse(readFileSync(`${folder}/training/training.json`, "utf8"));
      expect(recordOf(twice).settings).toEqual(recordOf(once).settings);
      expect(recordOf(twice).history).toEqual(recordOf(once).history);
    },
  );

  test("more steps at a rate that falls until the last step go on, with a note; fewer are refused", async () => {
    const args = ["train", "ddpm", "--data", "rings", ...small, "--out", at("longer"), "--steps"];
    await runJson(...args, "10");
    const more = await gen([...args, "30"]);
    expect(more.code, more.stderr).toBe(0);
    // Cosine from 0.002 to 0.0001: at step 10 of 10 its end, of 30 after 7 of 27 steps.
    expect(more.stderr).toContain("at step 10 it is 0.0017 instead of 0.00010");
    expect(json("longer", "training", "training.json")).toMatchObject({ step: 30, steps: 30 });
    const fewer = await gen([...args, "20"]);
    expect(fewer.stderr).toContain("trained with steps 30 (now 20)");
  });

  test("the held-out share is measured, the best model is kept, and early stopping ends", async () => {
    const data = pictures("held.npy", 60);
    const vae = ["train", "vae", "--data", data, "--batch", "16", "--latent", "3", "--seed", "1"];
    // A rate at which 54 pictures are soon learned by heart.
    const fast = ["--learning-rate", "0.02", "--rate-decay", "constant", "--width", "64"];
    const args = [...vae, ...fast, "--validate-every", "25", "--early-stop", "3"];
    const { steps, heldOut } = await runJson(...args, "--steps", "5000", "--out", at("held"));
    const { best } = heldOut as { best: { step: number; loss: number } };
    expect(steps).toBeLessThan(5000);
    const { history, step } = json("held", "training", "training.json");
    expect(step).toBe(steps);
    // 25 is no reading of the loss; the next one, 30, is.
    expect(history.heldOut.steps.slice(0, 3)).toEqual([30, 50, 80]);
    expect(Math.min(...history.heldOut.losses)).toBe(best.loss);
    const readings = history.heldOut.steps.length;
    expect(history.heldOut.steps[readings - 4]).toBe(best.step);
    const own = readFileSync(at("held", "best", "vae_decoder", "model.onnx"));
    expect(own.equals(readFileSync(at("held", "vae_decoder", "model.onnx")))).toBe(false);
    // The best model is that of a training of so many steps.
    await runJson(...vae, ...fast, "--steps", String(best.step), "--out", at("to-best"));
    expect(own.equals(readFileSync(at("to-best", "vae_decoder", "model.onnx")))).toBe(true);
    const again = await gen([...args, "--steps", "5000", "--out", at("held")]);
    expect(again.stderr).toContain("holds this model already");
    const alone = await gen([...vae, "--early-stop", "3", "--out", at("never")]);
    expect(alone.stderr).toContain("--early-stop 3 needs --validate-every");
    const flowers = ["train", "ddpm", "--data", "rings", ...small, "--steps", "20", "--out"];
    await runJson(...flowers, at("held"), "--force");
    expect(files("held").filter((file) => file.startsWith("best"))).toEqual([]);
  });

  test("early stopping passes over the reading at the end of a training that was extended", () => {
    const losses = [3, 1, 2, 2.5];
    const history = (steps: number[]) => ({ steps: [], losses: {}, heldOut: { steps, losses } });
    const validation = { every: 25, patience: 2 };
    expect(isEarly(history([30, 50, 80, 100]), validation, 10)).toBe(true);
    // A training of 60 steps read its last one.
    expect(isEarly(history([30, 50, 60, 80]), validation, 10)).toBe(false);
    expect(isEarly(history([30, 60, 80, 100]), validation, 10)).toBe(false);
    expect(isEarly(history([30, 50, 80, 100]), { every: 25 }, 10)).toBe(false);
  });

  test("--time-limit ends a run with success, and the same command goes on", async () => {
    const args = ["train", "ddpm", "--data", "rings", ...small, "--steps", "100000000"];
    const limited = [...args, "--out", at("limited"), "--time-limit", "0.5s"];
    const [first, second] = [await runJson(...limited), await runJson(...limited)];
    expect(first.steps as number).toBeGreaterThan(0);
    expect(second.steps as number).toBeGreaterThan(first.steps as number);
    const bad = await gen([...args, "--time-limit", "10", "--out", at("never")]);
    expect(bad.stderr).toContain("a time with its unit, such as 30s, 10m or 2h");
  });

  test("event files are those of TensorBoard's own writer, byte for byte", () => {
    const { start, step } = JSON.parse(
      readFileSync(new URL("reference/event-file.json", import.meta.url), "utf8"),
    );
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    expect(hex(eventFileStart(1000.5, 301))).toBe(start);
    const png = Uint8Array.from({ length: 200 }, (_, i) => i);
    const values = { loss: 0.125, samples: { width: 300, height: 3, png } };
    expect(hex(eventRecord({ seconds: 1001.25, step: 1_000_000, values }))).toBe(step);
  });

  test("logs and sheets follow the readings, go on with a training, and go with --force", async () => {
    const args = ["train", "ddpm", "--data", "rings", ...small, "--out", at("logged")];
    args.push("--validate-every", "20", "--samples-every", "20", "--log", "jsonl,tensorboard");
    const lines = () =>
      readFileSync(at("logged", "metrics.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    await runJson(...args, "--steps", "20");
    // A line of steps that a killed run did not save, and half a line.
    appendFileSync(at("logged", "metrics.jsonl"), '{"step":30,"loss":1}\n{"st');
    await runJson(...args, "--steps", "40");
    const { history } = json("logged", "training", "training.json");
    expect(lines().map(({ step }) => step)).toEqual([10, 20, 30, 40]);
    expect(lines().map(({ loss }) => loss)).toEqual(history.losses.loss);
    const held = lines().flatMap(({ heldOut = [] }) => heldOut);
    expect(held).toEqual(history.heldOut.losses);
    expect(readdirSync(at("logged", "samples"))).toEqual([
      "step-00000020.png",
      "step-00000040.png",
    ]);
    expect(readdirSync(at("logged", "logs"))).toHaveLength(2);
    await runJson(...args.slice(0, -2), "--log", "jsonl", "--steps", "10", "--force");
    expect(readdirSync(at("logged", "logs"))).toEqual([]);
    expect(lines().map(({ step }) => step)).toEqual([10]);
    const bad = await gen([...args, "--log", "csv"]);
    expect(bad.stderr).toContain("jsonl, tensorboard, or both: jsonl,tensorboard");
  });

  test.runIf(process.env.GEN_TEST_ALL)(
    "TensorBoard reads the event files",
    async () => {
      const rings = ["train", "ddpm", "--data", "rings", ...small, "--steps", "20"];
      const flags = ["--log", "tensorboard", "--samples-every", "20", "--out", at("board")];
      await runJson(...rings, ...flags);
      const python = at("venv", "bin", "python");
      execFileSync("python3", ["-m", "venv", at("venv")]);
      execFileSync(python, ["-m", "pip", "install", "-q", "tensorboard==2.21.0"]);
      const script = [
        "import json, sys",
        "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator",
        "board = EventAccumulator(sys.argv[1]); board.Reload()",
        "numbers = [[e.step, e.value] for e in board.Scalars('loss')]",
        "pictures = [[e.step, e.width] for e in board.Images('samples')]",
        "print(json.dumps([numbers, pictures]))",
      ];
      const [numbers, pictures] = JSON.parse(
        execFileSync(python, ["-c", script.join("\n"), at("board", "logs")], { encoding: "utf8" }),
      );
      const { steps, losses } = json("board", "training", "training.json").history;
      expect(numbers).toEqual(
        steps.map((s: number, i: number) => [s, Math.fround(losses.loss[i])]),
      );
      expect(pictures).toEqual([[20, 640]]);
    },
    600_000,
  );

  test("--predicts flow trains by flow matching, and gen sample takes Euler's steps of the flow", async () => {
    const line = Array.from({ length: 400 }, (_, i) => `${Math.sin(i)},${2 * Math.sin(i)}`);
    writeFileSync(at("line.csv"), `x,y\n${line.join("\n")}\n`);
    const args = [
      "train",
      "ddpm",
      "--data",
      at("line.csv"),
      "--predicts",
      "flow",
      "--batch",
      "128",
    ];
    await runJson(...args, "--width", "32", "--steps", "400", "--out", at("flow"));
    const config = json("flow", "scheduler", "scheduler_config.json");
    expect(config._class_name).toBe("FlowMatchEulerDiscreteScheduler");
    const sample = ["sample", "--model", at("flow"), "--steps", "20", "--count", "1000"];
    await runJson(...sample, "--out", at("flow.npy"));
    const { data } = numbers(at("flow.npy"));
    // Noise alone would be off the line y = 2x by 2.1 in the mean square.
    const off = data.reduce((sum, y, i) => (i % 2 ? sum + (y - 2 * data[i - 1]) ** 2 : sum), 0);
    expect(off / 1000).toBeLessThan(0.1);
    const bad = await gen([...args, "--schedule", "cosine", "--out", at("never")]);
    expect(bad.stderr).toContain("--schedule must be left out with --predicts flow");
  });

  test("a class-conditional training and one on latents measure their held-out shares", async () => {
    const held = [...small, "--steps", "20", "--validate-every", "20"];
    const told = ["train", "ddpm", "--data", "digits", "--classes", "--network", "unet", ...held];
    const { heldOut } = await runJson(...told, "--width", "8", "--out", at("told"));
    const { loss } = heldOut as { loss: number };
    expect(loss).toBeGreaterThan(0.2);
    expect(loss).toBeLessThan(2);
    const sample = ["sample", "--model", at("told", "best"), "--class", "1", "--steps", "2"];
    expect((await runJson(...sample, "--out", at("told.png"))).shape).toEqual([16, 1, 8, 8]);
    const data = pictures("held-latent.npy", 60);
    const vae = ["train", "vae", "--data", data, ...small, "--latent", "3", "--steps", "5"];
    await runJson(...vae, "--out", at("of-latents"));
    const ddpm = ["train", "ddpm", "--data", data, ...held, "--vae", at("of-latents")];
    const latent = await runJson(...ddpm, "--out", at("held-latents"));
    expect((latent.heldOut as { loss: number }).loss).toBeLessThan(3);
  });

  test("ddpm on a VAE's latents makes one pipeline that decodes to images", async () => {
    const data = pictures("latent.npy", 60);
    const vae = ["train", "vae", "--data", data, ...small, "--network", "conv", "--latent", "3"];
    await runJson(...vae, "--steps", "5", "--out", at("conv"));
    const ddpm = ["train", "ddpm", "--data", data, ...small, "--vae", at("conv"), "--steps", "5"];
    await runJson(...ddpm, "--out", at("latents"));
    const index = json("latents", "model_index.json");
    expect(index).toMatchObject({ _class_name: "LDMPipeline", _gen: { shape: [3] } });
    const sample = ["sample", "--model", at("latents"), "--count", "3", "--steps", "4"];
    const { shape } = await runJson(...sample, "--out", at("decoded.npy"));
    expect(shape).toEqual([3, 1, 8, 8]);
    const { data: values } = numbers(at("decoded.npy"));
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1);
  });

  test("ddpm on a file of points gives points in the file's units", async () => {
    const line = (i: number) => `${1000 + 5 * Math.sin(i)},${-3e-3 + 1e-5 * Math.cos(3 * i)}`;
    const rows = Array.from({ length: 400 }, (_, i) => line(i));
    writeFileSync(at("points.csv"), `x,y\n${rows.join("\n")}\n`);
    const train = ["train", "ddpm", "--data", at("points.csv"), "--batch", "64", "--width", "32"];
    await runJson(...train, "--steps", "200", "--out", at("points"));
    const sample = ["sample", "--model", at("points"), "--count", "500"];
    await runJson(...sample, "--out", at("points.npy"));
    const { data, shape } = numbers(at("points.npy"));
    expect(shape).toEqual([500, 2]);
    const mean = (k: number) => data.filter((_, i) => i % 2 === k).reduce((a, b) => a + b, 0) / 500;
    expect(Math.abs(mean(0) - 1000)).toBeLessThan(3);
    expect(Math.abs(mean(1) + 3e-3)).toBeLessThan(6e-6);
  });

  test("floats in [-1, 1] are images of that range, with colors", async () => {
    const data = Float32Array.from({ length: 40 * 3 * 64 }, (_, i) => Math.sin(i));
    writeFileSync(at("color.npy"), writeNpy({ data, shape: [40, 3, 8, 8] }));
    const train = ["train", "ddpm", "--data", at("color.npy"), "--batch", "8", "--width", "8"];
    await runJson(...train, "--steps", "2", "--out", at("color"));
    expect(json("color", "scheduler", "scheduler_config.json").clip_sample).toBe(true);
    const sample = ["sample", "--model", at("color"), "--count", "2", "--steps", "2"];
    await runJson(...sample, "--out", at("colors"));
    expect(readdirSync(at("colors")).sort()).toEqual([
      "0000.png",
      "0001.png",
      "samples.npy",
      "sheet.png",
    ]);
    const image = readPng(readFileSync(at("colors", "0001.png")));
    expect(image).toMatchObject({ width: 8, height: 8, channels: 3 });
    const { data: values } = numbers(at("colors", "samples.npy"));
    const bytes = Array.from({ length: 192 }, (_, i) => {
      const value = values[192 + (i % 3) * 64 + Math.floor(i / 3)];
      return Math.round(255 * Math.min(1, Math.max(0, (value + 1) / 2)));
    });
    expect(Array.from(image.data)).toEqual(bytes);
  });

  test("--force removes the files of an earlier training, such as a VAE", async () => {
    const data = pictures("of-vae.npy", 60);
    const vae = ["train", "vae", "--data", data, ...small, "--latent", "3", "--steps", "2"];
    await runJson(...vae, "--out", at("forced"));
    const ddpm = ["train", "ddpm", "--data", "two-moons", ...small, "--steps", "2"];
    await runJson(...ddpm, "--out", at("forced"), "--force");
    expect(files("forced").filter((f) => f.startsWith("vae"))).toEqual([]);
    const sample = ["sample", "--model", at("forced"), "--count", "3", "--steps", "2"];
    const { shape } = await runJson(...sample, "--out", at("forced.npy"));
    expect(shape).toEqual([3, 2]);
  });

  test("warns on stderr alone when the last level still holds signal", async () => {
    const args = [
      "train",
      "ddpm",
      "--data",
      "rings",
      ...small,
      "--steps",
      "1",
      "--timesteps",
      "50",
    ];
    const { code, stdout, stderr } = await gen([...args, "--out", at("short"), "--json"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/the last of 50 levels still holds 0\.\d+ of the signal/);
    expect(JSON.parse(stdout).steps).toBe(1);
  });
});

describe.concurrent("Ctrl-C in training", () => {
  test.each(["vae", "ddpm"])(
    "of a %s saves it; resuming ends at the very same weights",
    async (kind) => {
      const data = kind === "vae" ? pictures("stopped.npy", 200) : "pinwheel";
      const args = ["train", kind, "--data", data, "--batch", "32", "--width", "48"];
      args.push("--steps", "1500", "--seed", "5", "--out");
      const [whole, stopped] = [at(`whole-${kind}`), at(`stopped-${kind}`)];
      const model = kind === "vae" ? "vae_decoder/model.onnx" : "unet/model.onnx";
      const first = await interruptGen([...args, stopped], /% *, .* left/);
      expect(first.code, first.stderr).toBe(130);
      expect(first.stderr).toMatch(/gen: interrupted at step \d+ of 1500; .* run the same command/);
      expect(first.stdout).toBe("");
      const { step } = json(`stopped-${kind}`, "training", "training.json");
      expect(step).toBeGreaterThanOrEqual(10);
      expect(step).toBeLessThan(1500);
      const saved = readSafetensors(readFileSync(`${stopped}/training/state.safetensors`));
      expect(saved.metadata.step).toBe(String(step));
      if (kind === "ddpm") {
        const sample = ["sample", "--model", stopped, "--count", "4", "--out", at("usable.png")];
        expect((await gen(sample)).code).toBe(0);
      }
      const before = readFileSync(`${stopped}/${model}`);
      const resumed = await gen([...args, stopped]);
      expect(resumed.stderr).toContain(`(resumed at step ${step})`);
      await runJson(...args, whole);
      const after = readFileSync(`${stopped}/${model}`);
      expect(after.equals(before)).toBe(false);
      for (const path of [model, "training/state.safetensors"])
        expect(readFileSync(`${stopped}/${path}`).equals(readFileSync(`${whole}/${path}`))).toBe(
          true,
        );
      const [a, b] = [whole, stopped].map(
        (folder) => JSON.parse(readFileSync(`${folder}/training/training.json`, "utf8")).history,
      );
      const readings = (history: typeof a) =>
        history.steps.map((s: number, i: number) => [s, history.losses.loss[i]]);
      // The interrupted run read its loss once more, where it stopped.
      const common = readings(b).filter(([s]: [number]) => s % 10 === 0);
      expect(common).toEqual(readings(a));
    },
  );

  test("may leave temporary files, which the next run removes", async () => {
    const args = [
      "train",
      "ddpm",
      "--data",
      "rings",
      ...small,
      "--steps",
      "3",
      "--out",
      at("swept"),
    ];
    await runJson(...args);
    // A process id that no process can have.
    writeFileSync(at("swept", ".gen-4294967294-0.tmp"), "half");
    writeFileSync(at("swept", "unet", ".gen-4294967294-1.tmp"), "half");
    await gen(args);
    expect(files("swept").filter((f) => f.includes(".gen-"))).toEqual([]);
  });
});
