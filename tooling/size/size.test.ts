import { describe, expect, it } from "vitest";
import { bundledBytes, ownBytes } from "./bundled-bytes.mjs";

const math = await import("@gen/math");

/**
 * What carries a random stream cannot do without its generator and normal transform, nor the
 * multivariate normal without a Cholesky factor in double-double.
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
    const { first } = await bundledBytes(`export { ${name} } from "@gen/math";`);
    expect(first).toBeGreaterThan(20);
    expect(first).toBeLessThanOrEqual(limit);
  });

  const ddim = `
    export * from "@gen/ddim";
    export { sample } from "@gen/sampling";
    export { linearSchedule } from "@gen/schedules";
  `;

  it("@gen/ddim with a schedule and the sampling loop starts with at most 11 kB gzipped", async () => {
    const bytes = await ownBytes(ddim);
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThanOrEqual(11_000);
  });

  it("its chunks are at most 12.3 kB at first, and 6.5 kB more for a function denoiser", async () => {
    const { first, lazy } = await bundledBytes(ddim);
    console.log(`first load ${first} bytes, ${lazy} bytes when a function is sampled`);
    expect(first).toBeGreaterThan(1000);
    expect(first).toBeLessThanOrEqual(12_300);
    expect(lazy).toBeGreaterThan(1000);
    expect(lazy).toBeLessThanOrEqual(6500);
  });
});
