import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { readPng, writePng } from "@gen/data";
import { levelOfValue } from "@gen/figures";
import { describeFolder } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate, torchNoise } from "@gen/sampling";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillIn } from "../src/pages/images/fill-in.ts";
import { openingMoments } from "../src/pages/images/kept-film.ts";
import { type Moment, makePictures } from "../src/pages/images/make-pictures.ts";
import { openModel, type PictureModel } from "../src/pages/images/picture-model.ts";
import { SIDE, SIZE } from "../src/pages/images/picture-size.ts";
import { roundTrips, type Trip } from "../src/pages/images/round-trip.ts";
import { models, usual } from "../src/pages/images/settings.ts";

const folder = fileURLToPath(new URL("../public/assets/models-1/", import.meta.url));
const golden = JSON.parse(
  await readFile(new URL("../../../tooling/models/golden.json", import.meta.url), "utf8"),
);

const readerOf = (model: string) => async (path: string) =>
  readFile(`${folder}${model}/${path}`).then(
    (bytes) => new Uint8Array(bytes),
    () => undefined,
  );

test("each file of the models is the recipe's, and a model has at most 2 MB", async () => {
  const lines = (await readFile(`${folder}SHA256SUMS`, "utf8")).trim().split("\n");
  const sizes = new Map<string, number>();
  for (const line of lines) {
    const [sum, path] = line.split("  ");
    const bytes = await readFile(folder + path);
    expect(createHash("sha256").update(bytes).digest("hex"), path).toBe(sum);
    const [model] = path.split("/");
    sizes.set(model, (sizes.get(model) ?? 0) + bytes.length);
  }
  expect([...sizes.keys()].sort()).toEqual([...models].sort());
  for (const size of sizes.values()) expect(size).toBeLessThanOrEqual(2_000_000);
});

describe.each(models)("the %s model", (id) => {
  let backend: Awaited<ReturnType<typeof onnxBackend>>;
  let model: PictureModel;
  beforeAll(async () => {
    backend = await onnxBackend();
    model = await openModel(backend, readerOf(id));
  });
  afterAll(async () => {
    await model?.dispose();
    await backend?.close();
  });

  test("is a class-conditional folder with ten classes", async () => {
    expect((await describeFolder(readerOf(id))).kind).toBe("class-conditional");
    expect(model.pipeline.classes).toHaveLength(10);
    expect(model.pipeline.denoiser.condition).toHaveProperty("class_labels");
    expect(model.pipeline.warnings ?? []).toEqual([]);
  });

  test("draws PyTorch's and diffusers' picture from the same torch seed", async () => {
    const { seed, steps, guidance, label, pictures } = golden;
    const { x } = await generate(model.pipeline, {
      backend,
      steps,
      guidance,
      condition: label,
      noise: (shape) => torchNoise(seed, shape),
    });
    const wanted: number[] = pictures[id];
    expect(wanted).toHaveLength(SIZE);
    const apart = wanted.reduce((most, v, i) => Math.max(most, Math.abs(v - x[i])), 0);
    expect(apart).toBeLessThan(1e-3);
  });

  test("a guided step runs the network twice; guidance 1 runs no second pass", async () => {
    const settings = { ...usual, model: id, steps: 3, count: 2 };
    const guided = await makePictures(model, { ...settings, guidance: 2 });
    const plain = await makePictures(model, { ...settings, guidance: 1 });
    expect([guided.evaluations, plain.evaluations]).toEqual([6, 3]);
    // And without a second pass there is no influence of what it would say.
    const alone = await generate(model.pipeline, {
      backend,
      count: 2,
      steps: 3,
      condition: usual.label,
      sampler: "ddim",
      seed: usual.seed,
    });
    expect(plain.pictures).toEqual(alone.x);
    expect(guided.pictures).not.toEqual(plain.pictures);
  });

  test("the strip's last estimate is the picture, and its first sample is the seed's noise", async () => {
    const moments: { x: Float32Array; clean: Float32Array; t: number }[] = [];
    const settings = { ...usual, model: id, steps: 10, count: 2 };
    const { pictures } = await makePictures(model, settings, {
      onMoment: (moment) => moments.push(moment),
    });
    expect(moments).toHaveLength(8);
    const last = moments[7].clean;
    const apart = pictures.reduce((most, v, i) => Math.max(most, Math.abs(v - last[i])), 0);
    expect(apart).toBeLessThan(1e-4);
    const x = moments[0].x;
    const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
    const variance = x.reduce((sum, v) => sum + v * v, 0) / x.length;
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(x.length));
    expect(Math.abs(variance - 1)).toBeLessThan(6 / Math.sqrt(x.length));
  });

  test("a picture that goes to noise and back comes nearer with more steps", async () => {
    const settings = { ...usual, model: id, count: 1 };
    const { pictures } = await makePictures(model, settings);
    const trips: Trip[] = [];
    const request = { picture: pictures, label: usual.label };
    const alone = await roundTrips(backend, model, request, { onTrip: (trip) => trips.push(trip) });
    const errors = trips.map(({ error }) => error - alone);
    errors.slice(1).forEach((error, i) => expect(error).toBeLessThan(errors[i]));
    expect(errors[4]).toBeLessThan(errors[0] / 4);
    if (id === "pixel") expect(alone).toBe(0);
  });

  test("filling in changes what was painted, and no other pixel", async () => {
    const settings = { ...usual, model: id, count: 1 };
    const { pictures } = await makePictures(model, settings);
    const painted = Uint8Array.from({ length: SIZE }, (_, i) => Number(i < SIZE / 2));
    const request = { picture: pictures, painted, label: usual.label, guidance: 2, seed: 3 };
    const made = await fillIn(backend, model, { ...request, count: 2 });
    expect(made).toHaveLength(2 * SIZE);
    made.forEach((v, i) => {
      if (!painted[i % SIZE]) expect(v).toBe(pictures[i % SIZE]);
      else expect(Math.abs(v)).toBeLessThanOrEqual(1.5);
    });
    const [one, two] = [made.slice(0, SIZE / 2), made.slice(SIZE, 1.5 * SIZE)];
    expect(one).not.toEqual(two);
    expect(one).not.toEqual(pictures.slice(0, SIZE / 2));
  });

  // GEN_WRITE_STILLS=1 draws the sheet anew, after a new training.
  const drawn = id === usual.model ? test : () => {};
  drawn("is what drew the pictures that the page opens with", async () => {
    const sheet = new URL("../src/pages/images/stills.png", import.meta.url);
    const moments: Moment[] = [];
    await makePictures(model, usual, { onMoment: (moment) => moments.push(moment) });
    expect(moments.map(({ step, t }) => ({ step, t }))).toEqual(openingMoments);
    const [width, height] = [2 * moments.length * SIDE, usual.count * SIDE];
    const levels = Uint8Array.from({ length: width * height }, (_, i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      const [sample, cell] = [Math.floor(row / SIDE), Math.floor(column / SIDE)];
      const { x, clean } = moments[cell % moments.length];
      const at = sample * SIZE + (row % SIDE) * SIDE + (column % SIDE);
      return levelOfValue((cell < moments.length ? x : clean)[at]);
    });
    if (process.env.GEN_WRITE_STILLS) {
      await writeFile(sheet, writePng({ data: levels, width, height, channels: 1 }));
    }
    const kept = readPng(new Uint8Array(await readFile(sheet)));
    expect([kept.width, kept.height, kept.channels]).toEqual([width, height, 1]);
    const apart = levels.reduce((most, v, i) => Math.max(most, Math.abs(v - kept.data[i])), 0);
    expect(apart).toBeLessThanOrEqual(2);
  });
});
