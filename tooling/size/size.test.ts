import { describe, expect, it } from "vitest";
import { bundledBytes, firstChunkBytes } from "./bundled-bytes.mjs";

const math = await import("@gen/math");

/**
 * Random streams contain a generator and the normal transform. The multivariate normal contains a
 * Cholesky factorization in double-double arithmetic.
 */
const larger: Record<string, number> = {
  multivariateNormal: 1500,
  normalNoise: 1500,
  randomStream: 2000,
  slicedWasserstein: 2500,
};
const limits = Object.keys(math).map((name) => [name, larger[name] ?? 1000] as const);

describe("bundle size", () => {
  it.each(limits)("%s from @gen/math is at most %i bytes gzipped", async (name, limit) => {
    const bytes = await bundledBytes(`export { ${name} } from "@gen/math";`);
    expect(bytes).toBeGreaterThan(20);
    expect(bytes).toBeLessThanOrEqual(limit);
  });

  const ddim = `
    export * from "@gen/ddim";
    export { sample } from "@gen/sampling";
    export { linearSchedule } from "@gen/schedules";
  `;

  it("@gen/ddim with a schedule and the sampling loop starts with at most 11 kB gzipped", async () => {
    const bytes = await firstChunkBytes(ddim);
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThanOrEqual(11_000);
  });

  it("what a function denoiser loads, the evaluator above all, is at most 6.5 kB gzipped more", async () => {
    const bytes = (await bundledBytes(ddim)) - (await firstChunkBytes(ddim));
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThanOrEqual(6500);
  });
});
