/*
 * Trained VAEs beside pythae's, on the same digits, first weights and batches. The numbers were written
 * by tooling/reference/vae-pythae.mjs, and GEN_TEST_ALL=1 trains ours again.
 */
import * as data from "@gen/data";
import * as graph from "@gen/graph";
import * as math from "@gen/math";
import * as nn from "@gen/nn";
import * as runtime from "@gen/runtime-gpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { describe, expect, it } from "vitest";
import { comparisons, spread } from "../../../tooling/pages/pythae-page.ts";
import { seedsOf, settings, trained } from "../../../tooling/reference/vae-pythae-kinds.mjs";
import * as vae from "../src/index.ts";
import reference from "./reference/pythae.json" with { type: "json" };

const packages = { data, graph, math, nn, runtime, vae };
const ours: Record<string, Record<string, number[]>> = reference.ours;

/** Expects the numbers of a new training to be those of the file, but for rounding on another CPU. */
async function expectSame(kind: string, seed: number): Promise<void> {
  const backend = await onnxBackend();
  const found: Record<string, number> = await trained(packages, { backend, kind, seed });
  await backend.close();
  expect(Object.keys(found)).toEqual(Object.keys(ours[kind]));
  for (const [measure, values] of Object.entries(ours[kind])) {
    const { deviation } = spread(values);
    expect(Math.abs(found[measure] - values[seed]), measure).toBeLessThan(deviation);
  }
}

describe("trained VAEs beside pythae's", () => {
  it("the file is of these settings, and has all seeds", () => {
    expect(reference.settings).toEqual(settings);
    for (const { kind, ours, theirs } of comparisons) {
      const { length } = seedsOf(kind);
      expect([ours.length, theirs.length]).toEqual([length, length]);
    }
  });

  it.each(comparisons)(
    "$measure of $kind is within 2 standard deviations of pythae's seeds",
    (one) => {
      const { mean, deviation } = spread(one.theirs);
      expect(Math.abs(spread(one.ours).mean - mean)).toBeLessThanOrEqual(2 * deviation);
      // Seeds that say nothing would make any number near.
      expect(deviation).toBeLessThan(one.measure === "mmd" ? 0.002 : 0.2);
    },
  );

  it("a training gives the number of the file", () => expectSame("vae", 0));
});

describe.runIf(process.env.GEN_TEST_ALL === "1")("each kind, trained again", () => {
  it.each(Object.keys(settings.kinds))("%s", (kind) => expectSame(kind, 1));
});
