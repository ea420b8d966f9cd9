import {
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { writeNpy, writeNpz, writePng } from "@gen/data";
import { beforeAll, describe, expect, test } from "vitest";
import { expectRefusal, runJson, scratch } from "./gen.ts";

const { at, files } = scratch();
const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => (i % 17) / 16);
const npy = (shape: number[], data: Float32Array | Uint8Array = ramp(size(shape))) =>
  writeNpy({ data, shape });
const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const png = (width: number, height: number) =>
  writePng({ width, height, channels: 1, data: new Uint8Array(width * height).fill(100) });

function put(name: string, bytes: Uint8Array | string): string {
  mkdirSync(at(name, ".."), { recursive: true });
  writeFileSync(at(name), bytes);
  return at(name);
}

/** A sparse file of more bytes than are allowed. */
function sparse(name: string, bytes: number): string {
  put(name, "");
  truncateSync(at(name), bytes);
  return at(name);
}

/** idx: magic, sizes, bytes. */
const idx = (type: number, sizes: number[], bytes: number) => {
  const out = new Uint8Array(4 + 4 * sizes.length + bytes);
  const view = new DataView(out.buffer);
  view.setUint32(0, (type << 8) | sizes.length);
  sizes.forEach((n, i) => view.setUint32(4 + 4 * i, n));
  return out;
};

let points = "";
let model = "";
beforeAll(async () => {
  points = put("points.csv", Array.from({ length: 40 }, (_, i) => `${i},${i * i}`).join("\n"));
  model = at("model");
  const small = ["--batch", "8", "--width", "8", "--steps", "2"];
  await runJson("train", "ddpm", "--data", points, ...small, "--out", model);
});

let copies = 0;
/** A copy of the model with one file replaced, without the lock of another test's run. */
function modelWith(path: string, change: (bytes: Buffer) => Uint8Array | string | undefined) {
  const copy = `copy-${copies++}`;
  cpSync(model, at(copy), { recursive: true, filter: (source) => !source.includes("/.gen-") });
  const changed = change(readFileSync(at(copy, path)));
  if (changed === undefined) rmSync(at(copy, path));
  else writeFileSync(at(copy, path), changed);
  return at(copy);
}

describe.concurrent("bad data are refused before anything is written", () => {
  const cases: [name: string, make: () => string, message: RegExp, ...flags: string[]][] = [
    ["no file", () => at("none.npy"), /none\.npy: no such file/],
    [
      "another kind of file",
      () => put("a.docx", "x"),
      /a\.docx: must be a folder of pictures, or end/,
    ],
    ["truncated idx", () => put("t.idx", idx(8, [40, 8, 8], 99)), /t\.idx: .*2560.*99/],
    [
      "oversized idx",
      () => put("o.idx", idx(8, [2 ** 31, 2 ** 10, 2 ** 10], 9)),
      /o\.idx: .*limit/,
    ],
    ["idx with another magic", () => put("m.idx", idx(0xff00, [4], 4)), /m\.idx: /],
    ["damaged idx.gz", () => put("d.idx.gz", "\x1f\x8bnot gzip"), /d\.idx\.gz: /],
    [
      "truncated npy",
      () => put("t.npy", npy([40, 8, 8]).subarray(0, 999)),
      /t\.npy: .*10240 bytes/,
    ],
    [
      "oversized npy",
      () => put("o.npy", String.fromCharCode(147).concat("NUMPY")),
      /o\.npy: not an npy file|o\.npy: truncated/,
    ],
    [
      "npy over the limit",
      () => sparse("big.npy", 2 ** 30 + 1),
      /big\.npy: takes 1073741825 bytes, the limit/,
    ],
    [
      "NaN in npy",
      () => put("nan.npy", npy([40, 2], ramp(80).fill(Number.NaN, 31, 32))),
      /nan\.npy: .*finite.*NaN in item 15/,
    ],
    [
      "objects in npy",
      () =>
        put(
          "obj.npy",
          Buffer.from(
            Buffer.from(npy([40, 2]))
              .toString("latin1")
              .replace("<f4", "|O4"),
            "latin1",
          ),
        ),
      /obj\.npy: npy dtype must be one of .*got \|O4/,
    ],
    [
      "damaged npz",
      () => put("d.npz", writeNpz({ x: { data: ramp(80), shape: [40, 2] } }).subarray(0, 200)),
      /d\.npz: /,
    ],
    ["NaN in csv", () => put("nan.csv", "1,2\n3,nan\n"), /nan\.csv: .*line 2/],
    ["ragged csv", () => put("ragged.csv", "1,2\n3\n"), /ragged\.csv: .*line 2/],
    [
      "truncated PNG",
      () => put("tp/a.png", png(8, 8).subarray(0, 50)) && at("tp"),
      /a\.png: truncated PNG/,
    ],
    [
      "oversized PNG",
      () => put("op/a.png", hugePng()) && at("op"),
      /a\.png: .*60000x60000 PNG takes .* the limit is/,
    ],
    [
      "PNG of two sizes",
      () => put("two/a.png", png(8, 8)) && put("two/b.png", png(9, 8)) && at("two"),
      /b\.png: must be 8x8 like the first image, got 9x8/,
    ],
    [
      "a folder without pictures",
      () => put("empty/a.txt", "") && at("empty"),
      /at least one \.png, \.jpg or \.webp file is needed/,
    ],
    [
      "too few images",
      () => put("few/a.png", png(8, 8)) && at("few"),
      /must have at least --batch 8 .* got 1 /,
    ],
    [
      "too few points",
      () => put("few.csv", "1,2\n3,4\n"),
      /must have at least --batch 8 .* got 2 /,
    ],
    [
      "numbers without a shape",
      () => put("flat.npy", npy([40])),
      /--network mlp needs points or latents \[features\], got \[\]/,
    ],
    ["four-dimensional items", () => put("4d.npy", npy([40, 1, 2, 2, 2])), /got \[1, 2, 2, 2\]/],
    [
      "images that are too small",
      () => put("wide.npy", npy([40, 8, 3])),
      /--network unet needs images of at least 4 x 4, got \[1, 8, 3\]/,
    ],
    [
      "a UNet for points",
      () => points,
      /--network unet needs images.*got \[2\]; use mlp/,
      "--network",
      "unet",
    ],
    [
      "linear layers for images",
      () => put("i.npy", npy([40, 8, 8])),
      /--network mlp needs points .*got \[1, 8, 8\]; use unet/,
      "--network",
      "mlp",
    ],
    [
      "floats of no known range",
      () => put("r.npy", npy([40, 8, 8], ramp(2560).fill(7, 0, 1))),
      /--range must hold all values of .*r\.npy, \[0, 7\], got none/,
    ],
    [
      "floats outside --range",
      () => put("s.npy", npy([40, 8, 8])),
      /--range must hold all values .*\[0, 1\], got 0,0\.5/,
      "--range",
      "0,0.5",
    ],
    [
      "--range for bytes",
      () => put("u.npy", npy([40, 8, 8], new Uint8Array(2560))),
      /--range is for floats/,
      "--range",
      "0,1",
    ],
    ["--range for a name", () => "digits", /--range is for a file of floats/, "--range", "0,1"],
  ];
  test.each(cases)("%s", async (name, make, message, ...flags) => {
    const out = at(`out-${name.replaceAll(" ", "-")}`);
    const args = ["--data", make(), "--batch", "8", "--steps", "1", "--width", "8", ...flags];
    await expectRefusal(["train", "ddpm", ...args, "--out", out], message);
    expect(() => statSync(out)).toThrow("ENOENT");
  });

  test("a VAE of points", () =>
    expectRefusal(
      ["train", "vae", "--data", "rings", "--out", at("out-vae")],
      /--data rings has no range of values, and a VAE takes images/,
    ));

  test("convolutions on images with an odd side", () =>
    expectRefusal(
      ["train", "vae", "--data", put("7.npy", npy([40, 7, 7])), "--batch", "8"].concat([
        "--network",
        "conv",
        "--out",
        at("out-conv"),
      ]),
      /--network conv needs images with sides divisible by 4, got \[1, 7, 7\]; .* or use mlp/,
    ));

  test("a folder without a VAE, or a VAE of other data", async () => {
    const ddpm = ["train", "ddpm", "--data", "digits", "--out", at("out-latents"), "--vae"];
    await expectRefusal(
      [...ddpm, model],
      /--vae .*model must be a folder that `gen train vae` made/,
    );
    await expectRefusal([...ddpm, at("nowhere")], /--vae .*nowhere must be a folder/);
    const vae = at("vae-of-i");
    const data = put("v.npy", npy([40, 8, 8]));
    const small = ["--batch", "8", "--width", "8", "--latent", "2", "--steps", "1"];
    await runJson("train", "vae", "--data", data, ...small, "--out", vae);
    await expectRefusal(
      [...ddpm, vae],
      /--data must be what --vae .* was trained on, .*v\.npy, got digits/,
    );
  });
});

describe.concurrent("a broken pipeline is refused with the name of its file", () => {
  const unet = "unet/model.onnx";
  const scheduler = "scheduler/scheduler_config.json";
  const cases: [name: string, make: () => string, message: RegExp, ...flags: string[]][] = [
    ["no folder", () => points, /--model .*points\.csv must be a folder/],
    [
      "an empty folder",
      () => put("hollow/readme.txt", "") && at("hollow"),
      /scheduler_config\.json is missing/,
    ],
    [
      "truncated ONNX",
      () => modelWith(unet, (b) => b.subarray(0, b.length / 2)),
      /--model .*: unet\/model\.onnx: /,
    ],
    ["not ONNX", () => modelWith(unet, () => "hello"), /unet\/model\.onnx: /],
    ["empty ONNX", () => modelWith(unet, () => ""), /unet\/model\.onnx: /],
    ["no ONNX", () => modelWith(unet, () => undefined), /unet\/model\.onnx is missing/],
    [
      "truncated JSON",
      () => modelWith(scheduler, (b) => b.subarray(0, 40)),
      /scheduler\/scheduler_config\.json: /,
    ],
    [
      "JSON of another form",
      () => modelWith("model_index.json", () => "[1]"),
      /model_index\.json: .*JSON object/,
    ],
    [
      "an unknown scheduler",
      () => modelWith(scheduler, (b) => b.toString().replace("DDIMScheduler", "MagicScheduler")),
      /_class_name must be one of .*DDIMScheduler.*, got MagicScheduler/,
    ],
    [
      "a bad number",
      () => modelWith(scheduler, (b) => b.toString().replace('"beta_end": 0.02', '"beta_end": 2')),
      /scheduler_config\.json: .*beta/,
    ],
    [
      "a missing decoder",
      () =>
        modelWith("model_index.json", (b) =>
          b
            .toString()
            .replace('"unet"', '"vae_decoder": ["diffusers", "OnnxRuntimeModel"],\n"unet"'),
        ),
      /vae_decoder\/model\.onnx is missing/,
    ],
    [
      "a shape that does not fit",
      () =>
        modelWith("model_index.json", (b) =>
          b.toString().replace(/"shape": \[\s*2\s*\]/, '"shape": [3]'),
        ),
      /unet\/model\.onnx: .*3/,
    ],
    [
      "a scaling that does not fit",
      () => modelWith("model_index.json", (b) => b.toString().replace(/"std": \[/, '"std": [1, ')),
      /model_index\.json: standardized must hold a mean and a std of 2 numbers/,
    ],
    [
      "oversized JSON",
      () => oversized("model_index.json", 2 ** 24 + 1),
      /model_index\.json has 16777217 bytes; at most 16777216/,
    ],
    [
      "oversized ONNX",
      () => oversized(unet, 2 ** 31 + 1),
      /model\.onnx has 2147483649 bytes; at most 2147483648/,
      "--backend",
      "cpu",
    ],
    [
      "a large file that is no ONNX",
      () => oversized(unet, 2 ** 31 + 1),
      /unet\/model\.onnx: not an ONNX model, or a damaged one/,
    ],
    [
      "learned variance",
      () =>
        modelWith(scheduler, (b) =>
          b
            .toString()
            .replace('"DDIMScheduler"', '"DDPMScheduler", "variance_type": "learned"')
            .replace(/"set_alpha_to_one": true,/, ""),
        ),
      /a denoiser must give twice the channels of x for a learned variance/,
      "--sampler",
      "ddpm",
    ],
    [
      "more steps than levels",
      () => model,
      /steps must be an integer in 1\.\.1000, got 1001/,
      "--steps",
      "1001",
    ],
  ];
  test.each(cases)("%s", async (name, make, message, ...flags) => {
    const out = at(`out-${name.replaceAll(" ", "-")}.npy`);
    await expectRefusal(["sample", "--model", make(), "--out", out, ...flags], message);
    expect(() => statSync(out)).toThrow("ENOENT");
  });

  function oversized(path: string, bytes: number): string {
    const copy = modelWith(path, (b) => b);
    truncateSync(`${copy}/${path}`, bytes);
    return copy;
  }
});

describe.concurrent("impossible samples are refused before the work", () => {
  const cases: [name: string, flags: () => string[], message: RegExp][] = [
    [
      "noise of another shape",
      () => ["--init", put("n3.npy", npy([4, 3]))],
      /--init .*n3\.npy must be \[count, 2\], got \[4, 3\]/,
    ],
    [
      "noise of another dtype",
      () => ["--init", put("n8.npy", npy([4, 2], new Uint8Array(8)))],
      /n8\.npy must be float32 or float64, got uint8/,
    ],
    [
      "NaN in noise",
      () => ["--init", put("nn.npy", npy([4, 2], ramp(8).fill(Number.NaN, 3, 4)))],
      /nn\.npy must hold finite numbers, got NaN at 3/,
    ],
    [
      "truncated noise",
      () => ["--init", put("nt.npy", npy([4, 2]).subarray(0, 140))],
      /nt\.npy: .*needs 32 bytes/,
    ],
    ["no noise", () => ["--init", at("no.npy")], /no\.npy: no such file/],
    [
      "another count than the noise has",
      () => ["--init", put("n4.npy", npy([4, 2])), "--count", "5"],
      /--count must be 4, as many as --init has, got 5/,
    ],
    [
      "more than memory holds",
      () => ["--count", "9000000000"],
      /--count must be at most \d+ for samples \[2\] in this machine's memory, got 9000000000/,
    ],
    [
      "a path of another kind",
      () => ["--out", at("x.jpg")],
      /--out must end in \.png or \.npy, or be a folder, got .*x\.jpg/,
    ],
  ];
  test.each(cases)("%s", (_, flags, message) =>
    expectRefusal(["sample", "--model", model, "--out", at("never.npy"), ...flags()], message),
  );
});

describe.concurrent("outputs", () => {
  test("that exist are replaced only with --force", async () => {
    const out = put("mine.png", "mine");
    const args = ["sample", "--model", model, "--count", "3", "--steps", "1"];
    await expectRefusal([...args, "--out", out], /--out .*mine\.png exists already; .*--force/);
    expect(readFileSync(out, "utf8")).toBe("mine");
    await runJson(...args, "--out", out, "--force");
    expect(readFileSync(out).subarray(1, 4).toString()).toBe("PNG");
  });

  test("of another kind are not replaced, even with --force", async () => {
    const args = ["sample", "--model", model, "--force", "--out"];
    put("folder.png/keep.txt", "keep");
    await expectRefusal([...args, at("folder.png")], /folder\.png must be a file/);
    await expectRefusal([...args, put("plain", "plain")], /plain must be a folder/);
    expect(readFileSync(at("folder.png/keep.txt"), "utf8")).toBe("keep");
  });

  test("in a folder replace only their own files, with --force", async () => {
    const keep = put("mixed/keep.txt", "keep");
    const args = ["sample", "--model", model, "--count", "3", "--steps", "1", "--out", at("mixed")];
    await expectRefusal(args, /mixed exists already/);
    await runJson(...args, "--force");
    expect(readFileSync(keep, "utf8")).toBe("keep");
    expect(files("mixed")).toContain("samples.npy");
  });

  test.each([
    ["sample", "--model"],
    ["train ddpm", "--data"],
    ["quickstart", "--seed"],
  ])("of %s that cannot be written are refused before the work", async (command, flag) => {
    const value = { "--model": model, "--data": points, "--seed": "1" }[flag] as string;
    const start = [...command.split(" "), flag, value, "--out"];
    const blocked = put(`blocked-${command.replace(" ", "-")}`, "");
    await expectRefusal(
      [...start, `${blocked}/deeper/out`],
      /--out: the folder .* cannot be written \(ENOTDIR\)/,
    );
    if (process.platform === "linux")
      await expectRefusal(
        [...start, "/proc/none/out"],
        /--out: the folder \/proc\/none.* cannot be written/,
      );
  });

  test("for training may hold only the training to continue", async () => {
    const args = ["train", "ddpm", "--data", points, "--batch", "8", "--width", "8", "--steps"];
    put("other/notes.txt", "mine");
    await expectRefusal([...args, "2", "--out", at("other")], /not empty and holds no training/);
    await expectRefusal(
      [...args, "2", "--out", model],
      /holds this model already, trained to step 2/,
    );
    await expectRefusal(
      [...args, "3", "--seed", "4", "--out", model],
      /holds a ddpm, trained with steps 2 \(now 3\), seed 0 \(now 4\); choose another or pass --force/,
    );
    await expectRefusal(
      ["train", "vae", "--data", "digits", "--out", model],
      /holds a ddpm, not a vae; choose another or pass --force/,
    );
    const changed = put("changed.csv", "1,2\n".repeat(20));
    const same = ["train", "ddpm", "--batch", "8", "--width", "8", "--steps", "2", "--data"];
    await runJson(...same, changed, "--out", at("changed"));
    put("changed.csv", "1,3\n".repeat(20));
    await expectRefusal([...same, changed, "--out", at("changed")], /data-hash \w+ \(now \w+\)/);
  });

  test("with a damaged training are refused, and the error names --force", async () => {
    const args = [
      "train",
      "ddpm",
      "--data",
      points,
      "--batch",
      "8",
      "--width",
      "8",
      "--steps",
      "2",
    ];
    const record = "training/training.json";
    const state = "training/state.safetensors";
    const unfinished: typeof modelWith = (path, change) => {
      const copy = modelWith(path, change);
      const text = readFileSync(`${copy}/${record}`, "utf8");
      writeFileSync(`${copy}/${record}`, text.replace('"step":2', '"step":1'));
      return copy;
    };
    const damaged: [string, RegExp][] = [
      [modelWith(record, (b) => b.subarray(0, 9)), /training\.json is damaged; pass --force/],
      [modelWith(record, () => "null"), /training\.json is damaged; pass --force/],
      [unfinished(state, () => undefined), /state\.safetensors is missing; pass --force/],
      [unfinished(state, (b) => b.subarray(0, b.length - 4)), /state\.safetensors: truncated/],
    ];
    for (const [folder, message] of damaged)
      await expectRefusal([...args, "--out", folder], message);
  });

  test("of a quickstart may hold no other files and no quickstart with other settings", async () => {
    put("desk/letter.txt", "mine");
    await expectRefusal(["quickstart", "--out", at("desk")], /not empty and holds no quickstart/);
    put("earlier/report.json", '{"seed": 1, "effort": 1}');
    await expectRefusal(
      ["quickstart", "--out", at("earlier")],
      /holds a quickstart of seed 1 and effort 1, got 0 and 1; .*--force/,
    );
    put("torn/report.json", '{"seed": 0, "eff');
    await expectRefusal(
      ["quickstart", "--out", at("torn")],
      /report\.json is damaged; pass --force/,
    );
    expect(readFileSync(at("torn/report.json"), "utf8")).toBe('{"seed": 0, "eff');
  });
});

test("no refused run leaves a temporary file", () => {
  expect(files().filter((name) => name.includes(".gen-"))).toEqual([]);
});

/** A PNG whose header claims a large picture. */
function hugePng(): Uint8Array {
  const bytes = Uint8Array.from(png(8, 8));
  const view = new DataView(bytes.buffer);
  view.setUint32(16, 60_000);
  view.setUint32(20, 60_000);
  return bytes;
}
