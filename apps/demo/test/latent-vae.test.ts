import { readFileSync } from "node:fs";
import { digits as embeddedDigits, readSafetensors } from "@gen/data";
import { withWeights } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { decode, elbo, encode } from "@gen/vae";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { code } from "../src/pages/latent/code.ts";
import { createLatentApi } from "../src/pages/latent/create-latent-api.ts";
import { fromHex, rasterize, shifted, size, toHex } from "../src/pages/latent/drawings.ts";
import type { Pictures, Source } from "../src/pages/latent/latent-api.ts";
import { meanTerms, measure, pixelsOf, plainVae, termsOf } from "../src/pages/latent/mlp-vae.ts";
import { latentVae } from "../src/pages/latent/network.ts";
import recipe from "../src/pages/latent/recipe.json";
import { datasetOf, trainLatent } from "../src/pages/latent/train-latent.ts";
import { runCode } from "./room.ts";

const file = readFileSync(new URL("../src/pages/latent/digits-vae.safetensors", import.meta.url));
const { tensors: weights, metadata } = readSafetensors(file);
const plain = plainVae(weights);
const library = withWeights(latentVae(), weights);

let digits: Pictures;
let backend: Backend;
beforeAll(async () => {
  const file = new URL("../src/pages/latent/digits.safetensors", import.meta.url);
  const api = createLatentApi(async () => readFileSync(file));
  ({ pictures: digits } = await api.open("digits", weights));
  backend = await onnxBackend();
});
afterAll(() => backend?.close());

/** Two strokes. */
const seven = [
  ...Array.from({ length: 60 }, (_, i) => [i / 59 - 0.5, 0.8] as const),
  ...Array.from({ length: 90 }, (_, i) => [0.5 - (0.7 * i) / 89, 0.8 - (1.6 * i) / 89] as const),
];

test("the room's file has the digits of @gen/data", async () => {
  const { data, labels } = await embeddedDigits();
  expect(digits.labels).toEqual(labels);
  expect(digits.pixels).toEqual(Float32Array.from(data, (v) => v / 16));
});

describe("the model that the room opens with", () => {
  test("is the committed recipe's, in at most 100 kB", () => {
    expect(file.length).toBeLessThanOrEqual(100_000);
    expect(JSON.parse(metadata.recipe)).toEqual(recipe);
  });

  test("gives the same numbers as plain functions and as the library's", async () => {
    const cpu = cpuBackend();
    const few = { ...digits, pixels: digits.pixels.slice(0, 20 * size) };
    const dataset = datasetOf(few);
    const encoded = await encode({ backend: cpu, model: library, dataset });
    const decoded = await decode({ backend: cpu, model: library, z: encoded.mean });
    for (let i = 0; i < 20; i++) {
      const { mean, logVariance } = plain.encode(few.pixels.subarray(i * size, (i + 1) * size));
      const pixels = pixelsOf(plain.decode(mean));
      mean.forEach((v, k) => expect(v).toBeCloseTo(encoded.mean[2 * i + k], 4));
      logVariance.forEach((v, k) => expect(v).toBeCloseTo(encoded.logVariance[2 * i + k], 4));
      pixels.forEach((v, k) => expect(v).toBeCloseTo(decoded.data[i * size + k], 4));
    }
    await cpu.close();
  });

  test("has the bound of the library's elbo: the same noise gives the same nats", async () => {
    const bound = await elbo({ backend, model: library, dataset: datasetOf(digits) });
    const { reconstruction, kl } = meanTerms(measure(plain, digits.pixels, size));
    expect(reconstruction).toBeCloseTo(bound.reconstruction, 3);
    expect(kl).toBeCloseTo(bound.kl, 3);
    expect(-(reconstruction + kl)).toBeCloseTo(bound.elbo, 3);
  });

  test("costs no picture less than its gray pixels' entropy", () => {
    for (let i = 0; i < 200; i++) {
      const x = digits.pixels.subarray(i * size, (i + 1) * size);
      const floor = x.reduce(
        (sum, p) => sum - (p > 0 && p < 1 ? p * Math.log(p) + (1 - p) * Math.log(1 - p) : 0),
        0,
      );
      const { reconstruction, kl } = termsOf(plain, x, { index: i, samples: 4 });
      expect(reconstruction).toBeGreaterThan(floor);
      expect(kl).toBeGreaterThan(0);
    }
  });
});

describe("training", () => {
  const train = (beta: number, steps: number, more: { resume?: never; source?: Source } = {}) =>
    trainLatent({
      backend,
      request: { source: "digits", leg: { beta, steps }, ...more },
      pictures: digits,
      signal: { aborted: false, step: 0 },
      onReport() {},
    });

  test("beta weighs KL: 0 gives sharp pictures and a wide plane, 16 a z that says nothing", async () => {
    const [free, bound, dear] = await Promise.all([train(0, 300), train(1, 300), train(16, 300)]);
    const [none, one, much] = [free, bound, dear].map(({ measured }) => meanTerms(measured));
    expect(none.kl).toBeGreaterThan(2 * one.kl);
    expect(none.reconstruction).toBeLessThan(one.reconstruction);
    expect(much.kl).toBeLessThan(0.01);
    expect(much.reconstruction).toBeGreaterThan(one.reconstruction + 2);
    // The bound itself is the best bound.
    const sum = (terms: typeof one) => terms.reconstruction + terms.kl;
    expect(sum(one)).toBeLessThan(Math.min(sum(none), sum(much)));
  });

  test("reports losses of every step, and previews that measure the pictures", async () => {
    const steps: number[] = [];
    const { state, measured } = await trainLatent({
      backend,
      request: { source: "digits", leg: { beta: 1, steps: 40 } },
      pictures: digits,
      signal: { aborted: false, step: 0 },
      onReport: ({ progress }) => steps.push(...(progress?.losses ?? []).map(({ step }) => step)),
    });
    expect(steps).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(state.step).toBe(40);
    expect(measured.mean).toHaveLength(2 * digits.labels.length);
  });
});

describe("the code of the room", () => {
  const bound = { reconstruction: expect.any(Number), kl: expect.any(Number) };

  test("trains what the room trains: on drawings, with two betas", async () => {
    const source = [toHex(rasterize(seven)), "0f".repeat(size / 2)];
    const legs = [
      { beta: 1, steps: 30 },
      { beta: 4, steps: 50 },
    ];
    const taken = await runCode(code({ source, legs }), "{ ...bound, data }");
    expect(taken).toMatchObject(bound);
    const { reconstruction, kl, data } = taken as Record<"reconstruction" | "kl", number> & {
      data: Float32Array;
    };
    const pixels = shifted(source);
    expect(data).toEqual(pixels);
    let resume: Parameters<typeof trainLatent>[0]["request"]["resume"];
    let own = { reconstruction: 0, kl: 0 };
    for (const leg of legs) {
      const { state, measured } = await trainLatent({
        backend,
        request: { source, leg, resume },
        pictures: { pixels, labels: new Int32Array(pixels.length / size) },
        signal: { aborted: false, step: 0 },
        onReport() {},
      });
      resume = state;
      own = meanTerms(measured);
    }
    expect(reconstruction).toBeCloseTo(own.reconstruction, 3);
    expect(kl).toBeCloseTo(own.kl, 3);
  });
});

describe("drawings", () => {
  test("a picture does not depend on the drawing's place and size", () => {
    const picture = rasterize(seven);
    const other = rasterize(seven.map(([x, y]) => [0.25 * x + 0.5, 0.25 * y - 0.5]));
    other.forEach((v, i) => expect(v).toBeCloseTo(picture[i], 6));
    expect(Math.min(...picture)).toBe(0);
    expect(Math.max(...picture)).toBeGreaterThan(0.5);
    expect(Math.max(...picture)).toBeLessThanOrEqual(1);
  });

  test("a drawn seven lands nearer to the sevens than to the other classes", () => {
    const { mean } = plain.encode(rasterize(seven));
    const distance = (label: number) => {
      const own = Array.from(digits.labels.keys()).filter((i) => digits.labels[i] === label);
      const middle = [0, 1].map(
        (axis) =>
          own.reduce((sum, i) => {
            const x = digits.pixels.subarray(i * size, (i + 1) * size);
            return sum + plain.encode(x).mean[axis];
          }, 0) / own.length,
      );
      return Math.hypot(mean[0] - middle[0], mean[1] - middle[1]);
    };
    const distances = Array.from({ length: 10 }, (_, label) => distance(label));
    expect(distances.indexOf(Math.min(...distances))).toBe(7);
  });

  test("hexadecimal digits keep 16 levels, and the nine moves keep the picture in their middle", () => {
    const picture = fromHex(toHex(rasterize(seven)));
    expect(toHex(picture)).toBe(toHex(rasterize(seven)));
    const nine = shifted([toHex(picture)]);
    expect(nine).toHaveLength(9 * size);
    expect(nine.subarray(4 * size, 5 * size)).toEqual(picture);
    // The first is moved up and to the left.
    for (let row = 0; row < 7; row++) {
      for (let column = 0; column < 7; column++) {
        expect(nine[row * 8 + column]).toBe(picture[(row + 1) * 8 + column + 1]);
      }
    }
  });
});
