import { readFileSync } from "node:fs";
import { readSafetensors } from "@gen/data";
import { withWeights } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { denoiser, sample } from "@gen/sampling";
import { describe, expect, it } from "vitest";
import { pointDenoiser } from "../src/pages/points/point-denoiser.ts";
import { count, openingSeed } from "../src/pages/race/race-api.ts";
import { raceSteps } from "../src/pages/race/race-steps.ts";
import {
  bound,
  browserName,
  greatestDifference,
  markdown,
  milliseconds,
  plainNumber,
  tsv,
} from "../src/pages/race/report.ts";

describe("the race's report", () => {
  it("writes small numbers in full", () => {
    expect(plainNumber(8.98e-6)).toBe("0.000009");
    expect(plainNumber(0.0214)).toBe("0.02");
    expect(plainNumber(0)).toBe("0");
    expect(plainNumber(12.3)).toBe("12");
    expect([0.123, 1.26, 21.4].map(milliseconds)).toEqual(["0.12 ms", "1.3 ms", "21 ms"]);
  });

  it("never writes a bound below the difference", () => {
    for (let i = 1; i < 400; i++) {
      const difference = 1e-7 * 1.05 ** i;
      expect(Number(bound(difference))).toBeGreaterThanOrEqual(difference);
      expect(Number(bound(difference))).toBeLessThanOrEqual(2 * difference);
    }
  });

  it("finds the greatest difference, and a number that is none", () => {
    expect(greatestDifference([1, 2, 3], [1, 2.5, 2.75])).toBe(0.5);
    expect(greatestDifference([1, Number.NaN, 3], [1, 2, 9])).toBeNaN();
  });

  it("writes tables that their readers split into the same cells", () => {
    const lines = [
      ["runtime", "one step"],
      ["ONNX Runtime · WASM", "0.9 ms"],
    ];
    expect(
      tsv(lines)
        .split("\n")
        .map((line) => line.split("\t")),
    ).toEqual(lines);
    const [head, rule, row] = markdown(lines).split("\n");
    const cellsOf = (line: string) => line.slice(2, -2).split(" | ");
    expect([cellsOf(head), cellsOf(row)]).toEqual(lines);
    expect(rule).toBe("| --- | --- |");
  });

  it("names browsers by their own user agents", () => {
    const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
    const agents = {
      "Chrome 156": `Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/156.0.0.0 Safari/537.36`,
      "Edge 140": `Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`,
      "Firefox 153": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
      "Safari 26":
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    };
    for (const [name, agent] of Object.entries(agents)) expect(browserName(agent)).toBe(name);
  });
});

it("the room opens with the points where its reference ends", async () => {
  const file = (name: string) =>
    readFileSync(new URL(`../src/pages/race/${name}`, import.meta.url));
  const { tensors, metadata } = readSafetensors(file("points.safetensors"));
  const backend = cpuBackend();
  // Samples do not depend on how many are drawn.
  const { x } = await sample({
    backend,
    denoiser: withWeights(denoiser(pointDenoiser()), tensors),
    steps: raceSteps(),
    shape: [20, 2],
    seed: openingSeed,
    clip: Number(metadata.bound),
  });
  await backend.close();
  const bytes = file("opening-points.f32");
  expect(bytes).toHaveLength(4 * 2 * count);
  Array.from(x, (v, i) => expect(bytes.readFloatLE(4 * i)).toBeCloseTo(v, 5));
});
