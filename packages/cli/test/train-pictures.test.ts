import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { holdOut, openDataset, readNpy, writeNpy, writePng } from "@gen/data";
import { beforeAll, describe, expect, test } from "vitest";
import { openData } from "../src/open-data.ts";
import { augmentation } from "../src/options.ts";
import type { DataFlags } from "../src/training-options.ts";
import { genHere, interruptGen, runJsonHere, scratch } from "./gen.ts";
import { expectRefused } from "./refused.ts";

const { at } = scratch();
const photos = fileURLToPath(new URL("../../data/test/fixtures/photos", import.meta.url));
const json = (...path: string[]) => JSON.parse(readFileSync(at(...path), "utf8"));

/** Two classes of 20 pictures: dark ones as PNG, and light ones, of which some are JPEG and WebP. */
beforeAll(() => {
  const picture = (folder: string, name: string, level: number) => {
    const data = new Uint8Array(10 * 14 * 3).fill(level);
    writeFileSync(at("data", folder, name), writePng({ width: 14, height: 10, channels: 3, data }));
  };
  for (const folder of ["dark", "light ones"]) mkdirSync(at("data", folder), { recursive: true });
  for (let i = 0; i < 20; i++) picture("dark", `${i}.png`, i);
  for (let i = 0; i < 16; i++) picture("light ones", `${i}.png`, 255 - i);
  for (const name of ["color.jpg", "grey.jpg", "turned.jpg", "lossy.webp"])
    cpSync(join(photos, name), at("data", "light ones", name));
});

const small = ["--batch", "8", "--width", "8", "--size", "12x8"];

describe.concurrent("gen train on a folder of pictures", () => {
  test("classes, JPEG and WebP, not square: gen sample takes a class by name, with guidance", async () => {
    const train = ["train", "ddpm", "--data", at("data"), ...small, "--classes", "--steps", "300"];
    const next = await genHere([...train, "--learning-rate", "0.01", "--out", at("classes")]);
    expect(next.code, next.stderr).toBe(0);
    expect(next.stdout).toMatch(/next: .* sample .* --class 0 --guidance 2/);
    const { settings } = json("classes", "training", "training.json");
    expect(settings).toMatchObject({ classDropout: 0.1, classes: ["dark", "light ones"] });
    const { _gen: folder } = json("classes", "model_index.json");
    expect(folder).toMatchObject({ shape: [3, 8, 12], classes: ["dark", "light ones"] });
    const sample = ["sample", "--model", at("classes"), "--count", "6", "--steps", "10"];
    const out = ["--class", "dark", "--class", "light ones", "--guidance", "1.5"];
    await runJsonHere(...sample, ...out, "--out", at("samples.npy"));
    const { data, shape } = readNpy(readFileSync(at("samples.npy")));
    expect(shape).toEqual([12, 3, 8, 12]);
    const mean = (from: number, to: number) =>
      Array.from(data.slice(288 * from, 288 * to), Number).reduce((a, b) => a + b) /
      (288 * (to - from));
    // So few steps teach the brightness of a class only in part. Chance alone would differ by 0.03.
    expect(mean(0, 6)).toBeLessThan(mean(6, 12) - 0.1);
    await expectRefused([...sample, "--class", "red", "--out", at("red.npy")], /--class .*red/);
  });

  test("with augmentation, a resumed training ends at the very same weights", async () => {
    const args = ["train", "ddpm", "--data", at("data"), ...small, "--steps", "160"];
    args.push("--augment", "flip,shift:2,rotate:10,dequantize", "--seed", "5", "--out");
    const first = await interruptGen([...args, at("stopped")], /DDPM .*% *, .* left/);
    expect(first.code, first.stderr).toBe(130);
    const { step, settings } = json("stopped", "training", "training.json");
    expect(step).toBeLessThan(160);
    expect(settings.augment).toEqual({ flip: true, shift: 2, rotate: 10, dequantize: true });
    await runJsonHere(...args, at("stopped"));
    await runJsonHere(...args, at("whole"));
    for (const path of ["unet/model.onnx", "training/state.safetensors"]) {
      expect(readFileSync(at("stopped", path)).equals(readFileSync(at("whole", path)))).toBe(true);
    }
    const other = args.map((word) => (word.startsWith("flip,") ? "flip" : word));
    const refused = await genHere([...other, at("whole")]);
    expect(refused.stderr).toContain("augment.shift 2 (now unset)");
  });

  test("a VAE with convolutions takes pictures that are not square", async () => {
    const args = ["train", "vae", "--data", at("data"), ...small, "--network", "conv"];
    await runJsonHere(...args, "--latent", "3", "--steps", "3", "--out", at("vae"));
    expect(json("vae", "training", "training.json").settings.shape).toEqual([3, 8, 12]);
    expect(readdirSync(at("vae"))).toContain("vae_decoder");
  });

  test("--classes without classes is refused in one line", async () => {
    writeFileSync(at("points.csv"), "x,y\n1,2\n2,3\n4,9\n");
    const args = ["train", "ddpm", "--data", at("points.csv"), "--batch", "2", "--out", at("none")];
    await Promise.all([
      expectRefused(
        [...args, "--classes"],
        /--classes needs classes, and .*points\.csv has none: /,
      ),
      expectRefused([...args, "--class-dropout", "0.2"], /--class-dropout 0.2 needs --classes/),
      expectRefused([...args, "--augment", "flip"], /--augment is for images, .* holds points/),
    ]);
  });
});

describe("the data of a training", () => {
  const refusal = (data: string, flags: DataFlags) =>
    openData(data, 0, flags).then(
      () => expect.unreachable(),
      (error: Error) => error.message,
    );

  test("a tenth of each class is held out, the same whatever the seed", async () => {
    const flags = { size: [8, 12] } as const;
    const [{ train, test: held }, again] = await Promise.all([
      openData(at("data"), 1, flags),
      openData(at("data"), 2, flags),
    ]);
    expect(Array.from(held.labels ?? [])).toEqual([0, 0, 1, 1]);
    expect(train.classes).toEqual(["dark", "light ones"]);
    expect(again.train.data).toEqual(train.data);
    const whole = await openDataset(at("data"), { size: [8, 12] });
    expect(holdOut(whole).train.data).toEqual(train.data);
  });

  test("--channels, --fit and --labels", async () => {
    const grey = await openData(at("data"), 0, { size: [4, 4], fit: "contain", channels: "1" });
    expect(grey.train.shape).toEqual([1, 4, 4]);
    writeFileSync(at("x.npy"), writeNpy({ shape: [20, 4, 4], data: new Uint8Array(320) }));
    const labels = Int32Array.from({ length: 20 }, (_, i) => i % 2);
    writeFileSync(at("y.npy"), writeNpy({ shape: [20], data: labels }));
    const { test: held } = await openData(at("x.npy"), 0, { labels: at("y.npy") });
    expect(Array.from(held.labels ?? []).sort()).toEqual([0, 1]);
  });

  test("flags for other data are refused, and a bad file is named", async () => {
    expect(await refusal("digits", { size: [8, 8] })).toBe(
      "--size is for a folder of pictures, got it with --data digits",
    );
    expect(await refusal(at("x.npy"), { channels: "3" })).toContain("--channels is for a folder");
    expect(await refusal(at("data"), { fit: "crop" })).toContain("--fit crop needs --size");
    expect(await refusal(at("data"), { labels: "y.npy" })).toContain(
      "--labels is for an idx or npy",
    );
    mkdirSync(at("bad"));
    const jpeg = readFileSync(join(photos, "color.jpg"));
    writeFileSync(at("bad", "cut.jpg"), jpeg.subarray(0, 800));
    expect(await refusal(at("bad"), {})).toMatch(
      /bad.cut\.jpg: not a readable JPEG: the file is cut$/,
    );
  });

  test("captions are counted, and training says that they are not used", async () => {
    const pixels = writePng({ width: 4, height: 4, channels: 1, data: new Uint8Array(16) });
    const put = (path: string, content: string | Uint8Array) => {
      mkdirSync(join(at("told"), path, ".."), { recursive: true });
      writeFileSync(at("told", path), content);
    };
    for (const path of ["a/1.png", "a/2.png", "a/3.JPEG", "b/1.png", "b/2.png", "b/3.webp"])
      put(path, pixels);
    put("a/1.txt", "a dark square\n");
    put("a/notes.txt", "of no picture");
    put("metadata.csv", 'file_name,text\r\n"a/2.png","one, ""two""\nthree"\na/none.txt,x\n');
    put(
      "b/metadata.jsonl",
      '{"file_name":"2.png","text":"two"}\nnot JSON\n{"file_name":"3.webp"}\n',
    );
    const { pictures } = await runJsonHere("inspect", at("told"));
    expect(pictures).toEqual({
      kinds: { png: 4, jpg: 1, webp: 1 },
      classes: { a: 3, b: 3 },
      captions: {
        count: 3,
        first: { picture: "a/2.png", text: 'one, "two"\nthree' },
        sources: ["metadata.csv", "a .txt file beside each", "b/metadata.jsonl"],
      },
    });
    const { stdout } = await genHere(["inspect", at("told")]);
    expect(stdout).toMatch(/^classes {5}a 3 {2}b 3\ncaptions {4}3 of 6 pictures have captions/m);
    expect(stdout).toContain('a/2.png: "one, \\"two\\"\\nthree"');
    const train = ["train", "ddpm", "--data", at("data"), "--batch", "99", "--size", "8"];
    const told = /^note: .*data: 1 of 40 pictures have captions .* are not used: no model/;
    expect((await genHere([...train, "--out", at("never")])).stderr).not.toMatch(told);
    writeFileSync(at("data", "dark", "7.txt"), "seven");
    const { stderr } = await genHere([...train, "--out", at("never")]);
    rmSync(at("data", "dark", "7.txt"));
    expect(stderr.split("\n")[0]).toMatch(told);
  });

  test("--augment takes words with commas", () => {
    expect(augmentation("flip, shift:2,rotate:7.5,dequantize")).toEqual({
      flip: true,
      shift: 2,
      rotate: 7.5,
      dequantize: true,
    });
    for (const text of ["", "flip:1", "shift", "shift:0", "shift:1.5", "rotate:181", "spin"]) {
      expect(() => augmentation(text)).toThrow("It must be flip, shift:PIXELS, rotate:DEGREES");
    }
  });
});
