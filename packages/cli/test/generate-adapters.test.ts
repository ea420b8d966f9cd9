import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { readPng, readPngSettings, readSafetensors, writeNpy, writePng } from "@gen/data";
import type { JsonValue } from "@gen/math/json";
import { describe, expect, test } from "vitest";
import {
  goldenRuns,
  modelFolder,
  type PromptCase,
} from "../../../tooling/fixtures/model-folder.ts";
import { settingsOf } from "../src/like-picture.ts";
import { controlFile, embeddingFile } from "../src/options.ts";
import { readSources } from "../src/picture-files.ts";
import { expectRefusal, interruptGen, runJson, scratch } from "./gen.ts";
import { distance, sha256 } from "./golden-pictures.ts";

// Runs of diffusers 0.39: control.py, adapters.py and pictures.py of tooling/reference/folders.
const { at, files } = scratch();
const sd1 = modelFolder("sd1").write(at("sd1"));
const tiny = modelFolder("tiny-decoder").write(at("tiny"));
const controlled = at("controlled");
cpSync(sd1, controlled, { recursive: true });
modelFolder("control").write(controlled);
const nets = [at("controlled", "controlnet"), at("controlled", "controlnet_2")];

const control = goldenRuns("control", "control");
const imageOf = (k: number) => {
  const { data, shape } = readSafetensors(control.tensors).tensors[`image.${k}`];
  return { planes: Uint8Array.from(data as Uint8Array), shape };
};
const pose = at("pose.png");
const { planes } = imageOf(0);
const pixels = planes.map((_, i) => planes[(i % 3) * 4096 + Math.floor(i / 3)]);
writeFileSync(pose, writePng({ width: 64, height: 64, channels: 3, data: pixels }));
const second = imageOf(1);
const npy = (name: string, of: (level: number) => number) => {
  writeFileSync(
    at(name),
    writeNpy({ data: Float32Array.from(second.planes, of), shape: second.shape }),
  );
  return at(name);
};
const edges = npy("edges.npy", (v) => v / 255);

const toy = { path: at("toy.safetensors") };
writeFileSync(toy.path, goldenRuns("sd1", "adapters").file("toy"));

const runOf = (runs: { cases: readonly PromptCase[] }, name: string) =>
  runs.cases.find((run) => run.name === name) as PromptCase;
/** The flags of a run of diffusers. */
const flagsOf = ({ prompt, negative_prompt: negative, steps, seed, ...run }: PromptCase) => [
  ...["generate", ...[prompt].flat(), "--steps", String(steps), "--torch-seed", String(seed)],
  ...(negative === undefined ? [] : ["--negative", String(negative)]),
  ...(run.num_images_per_prompt ? ["--count", String(run.num_images_per_prompt)] : []),
];

test("pictures of two ControlNets are those of diffusers, and are made again", async () => {
  const out = at("two.png");
  const given = [
    "--control",
    `${nets[0]}:${pose}:0.5:0-0.6`,
    "--control",
    `${nets[1]}:${edges}:0.9`,
  ];
  const two = flagsOf(runOf(control, "two"));
  const report = await runJson(...two, ...given, "--model", controlled, "--out", out);
  expect(distance(out, control.tensors, "two")).toBeLessThanOrEqual(2);
  expect(report.controls).toEqual([
    { net: nets[0], scale: 0.5, start: 0, end: 0.6, path: pose, sha256: sha256(pose) },
    { net: nets[1], scale: 0.9, path: edges, sha256: sha256(edges) },
  ]);
  await runJson("generate", "--like", out, "--out", at("two-again.png"));
  expect(readFileSync(at("two-again.png"))).toEqual(readFileSync(out));
});

test("a ControlNet goes with an image, as by diffusers", async () => {
  const start = npy("start.npy", (v) => (2 * v) / 255 - 1);
  const given = [
    "--image",
    start,
    "--strength",
    "0.6",
    "--control",
    `${nets[0]}:${pose}:0.8:0.3-1`,
  ];
  const flags = flagsOf(runOf(control, "image"));
  await runJson(...flags, ...given, "--model", controlled, "--out", at("image.png"));
  expect(distance(at("image.png"), control.tensors, "image")).toBeLessThanOrEqual(2);
});

test("learned words are those of diffusers, by the file's own word or its name", async () => {
  const runs = goldenRuns("sd1", "adapters");
  for (const [file, name] of [
    ["kohya", "kohya"],
    ["style", "paint"],
  ])
    writeFileSync(at(`${name}.safetensors`), runs.file(file));
  const words = ["toy", "paint"].map((name) => at(`${name}.safetensors`));
  const out = at("of-words.png");
  const given = words.flatMap((file) => ["--embedding", file]);
  const lora = ["--lora", `${at("kohya.safetensors")}:0.8`];
  const flags = flagsOf(runOf(runs, "words"));
  const report = await runJson(...flags, ...given, ...lora, "--model", sd1, "--out", out);
  expect(distance(out, runs.tensors, "words")).toBeLessThanOrEqual(2);
  expect(report.embeddings).toEqual([
    { word: "<toy>", path: words[0], sha256: sha256(words[0]) },
    { word: "paint", path: words[1], sha256: sha256(words[1]) },
  ]);
  await runJson("generate", "--like", out, "--out", at("words-again.png"));
  expect(readFileSync(at("words-again.png"))).toEqual(readFileSync(out));
});

const pictures = goldenRuns("sd1", "pictures");

test("a tiny decoder makes diffusers' picture, with a preview of each step", async () => {
  const out = at("tiny.png");
  const given = ["--decoder", tiny, "--model", sd1, "--out", out, "--previews", at("steps")];
  const report = await runJson(...flagsOf(runOf(pictures, "tiny")), ...given);
  expect(distance(out, pictures.tensors, "tiny")).toBeLessThanOrEqual(2);
  expect(report).toMatchObject({ decoder: tiny, previews: at("steps") });
  expect(readPngSettings(readFileSync(out))).toMatchObject({ decoder: tiny });
  expect(readPngSettings(readFileSync(out))).not.toHaveProperty("previews");
  // PNDM evaluates its second step twice.
  const names = files("steps");
  expect(names).toEqual([1, 2, 3, 4].map((step) => `0000-step-000${step}.png`));
  const previews = names.map((name) => readPng(readFileSync(at("steps", name))));
  for (const { width, height, channels } of previews)
    expect([width, height, channels]).toEqual([8, 8, 3]);
  expect(previews[3].data).not.toEqual(previews[0].data);

  writeFileSync(at("steps", "mine.txt"), "");
  const again = ["a", "--model", sd1, "--steps", "1000", "--previews", at("steps"), "--force"];
  const { code, stderr } = await interruptGen(
    ["generate", ...again, "--out", at("stopped.png")],
    /Generating/,
  );
  expect(code).toBe(130);
  expect(stderr).toMatch(/before the pictures were done; only previews are in .*steps$/m);
  expect(files("steps").filter((name) => !/^0000-step-\d{4}\.png$/.test(name))).toEqual([
    "mine.txt",
  ]);
  expect(files()).not.toContain("stopped.png");
});

test("the safety checker makes the pictures black that it makes black in diffusers, with tiles", async () => {
  const checked = modelFolder("safety-checker").write(at("checked"));
  cpSync(sd1, checked, { recursive: true });
  const run = runOf(pictures, "checked");
  const given = ["--safety-checker", "--tile", "32", "--model", checked, "--out", at("four")];
  const report = await runJson(...flagsOf(run), ...given);
  expect(report).toMatchObject({ unsafe: run.nsfw_content_detected, tileSize: 32 });
  for (const i of [0, 1, 2, 3])
    expect(distance(at("four", `000${i}.png`), pictures.tensors, "checked", i)).toBeLessThanOrEqual(
      2,
    );
});

describe("the value of", () => {
  test.each([
    ["net:p.png", { net: "net", path: "p.png", scale: 1 }],
    ["a/net:b/p.png:.5", { net: "a/net", path: "b/p.png", scale: 0.5 }],
    ["net:p.png:1.5:0.2-0.9", { net: "net", path: "p.png", scale: 1.5, start: 0.2, end: 0.9 }],
    ["https://x.org:80/net:p.png", { net: "https://x.org:80/net", path: "p.png", scale: 1 }],
    ["C:\\net:D:\\p.png:2", { net: "C:\\net", path: "D:\\p.png", scale: 2 }],
    ["C:\\net:p.png", { net: "C:\\net", path: "p.png", scale: 1 }],
  ])("--control %s", (text, wanted) => {
    expect(controlFile(text)).toEqual([wanted]);
    expect(controlFile(text, [wanted])).toEqual([wanted, wanted]);
  });

  test.each(["net", ":p.png", "net:", "net:p.png:1:0.9-0.2", "net:p.png:1:0-2"])(
    "--control %j is refused",
    (text) => expect(() => controlFile(text)).toThrow("canny:edges.png:0.8:0-0.5"),
  );

  test.each([
    ["a/toy.safetensors", { path: "a/toy.safetensors" }],
    ["<toy>=a/toy.safetensors", { word: "<toy>", path: "a/toy.safetensors" }],
    ["a/b=c.safetensors", { path: "a/b=c.safetensors" }],
  ])("--embedding %s", (text, wanted) => expect(embeddingFile(text)).toEqual([wanted]));
});

describe.concurrent("refused by the command:", () => {
  test.each([
    [
      ["--control", `${tiny}:${pose}`, "--model", controlled],
      /--control .*tiny: model\.onnx is miss/,
    ],
    [["--control", `nowhere:${pose}`, "--model", controlled], /--control nowhere must be a folder/],
    [["--decoder", nets[0], "--model", sd1], /decoder: vae_decoder\/model\.onnx is missing/],
    [["--decoder", "nowhere", "--model", sd1], /--decoder nowhere must be a folder/],
    [["--safety-checker", "--model", sd1], /safety_checker\/model\.onnx is missing/],
    [["--previews", tiny, "--model", sd1], /--previews .*tiny exists already/],
  ])("%j", (args, message) =>
    expectRefusal(["generate", "a fox", ...args, "--out", at("refused.png")], message),
  );
});

const raster = { width: 1, height: 1, channels: 1 as const, data: new Uint8Array(1) };
const file = { path: pose, sha256: "0".repeat(64) };
const online = { ...file, net: "https://x.org/net", scale: 1 };
test.each([
  [{ controls: [online] }, /as --control https:\/\/x\.org\/net:/, { control: [online] }],
  [{ decoder: "http://x.org" }, /decoder as --decoder http:\/\/x/, { decoder: tiny }],
  [
    { embeddings: [{ ...file, sha256: "", word: "a" }] },
    /embeddings must be a list of { path, sha256, word }/,
  ],
  [
    { controls: [{ ...online, end: 2 }] },
    /must be a list of { path, sha256, net, scale, start, end }/,
  ],
] as [Record<string, JsonValue>, RegExp, object?][])(
  "a stranger's picture with %j is refused",
  async (settings, message, flags) => {
    const path = at("strange.png");
    writeFileSync(path, writePng(raster, { settings: { prompt: "a", ...settings } }));
    await expect(settingsOf(path, { model: sd1 })).rejects.toThrow(message);
    if (flags) expect(await settingsOf(path, { model: sd1, ...flags })).toHaveProperty("settings");
  },
);

test.each([
  [
    { controls: [{ ...file, net: nets[0], scale: 1 }] },
    /--control .*pose\.png is another file than/,
  ],
  [{ controls: [{ path: "no.png", net: nets[0], scale: 1 }] }, /--control no\.png: no such file$/],
  [{ embeddings: [{ path: pose }] }, /--embedding .*pose\.png/],
  [{ embeddings: [toy, toy] }, /must have a word of its own, got <toy>, <toy>; pass word=file/],
])("%j is refused", (sources, message) => expect(readSources(sources)).rejects.toThrow(message));
