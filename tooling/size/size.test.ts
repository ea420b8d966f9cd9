import { describe, expect, it } from "vitest";
import { bundledBytes } from "./bundled-bytes.mjs";

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
    const { first } = await bundledBytes(`export { ${name} } from "@gen/math";`);
    expect(first).toBeGreaterThan(20);
    expect(first).toBeLessThanOrEqual(limit);
  });

  const ddim = `
    export * from "@gen/ddim";
    export { sample } from "@gen/sampling";
    export { linearSchedule } from "@gen/schedules";
  `;

  it("@gen/ddim with a schedule and the sampling loop loads at most 11 kB gzipped at first", async () => {
    const { first, lazy } = await bundledBytes(ddim);
    console.log(`first load ${first} bytes; then ${JSON.stringify(lazy)}`);
    expect(first).toBeGreaterThan(1000);
    expect(first).toBeLessThanOrEqual(11_000);
    expect(Object.keys(lazy).sort()).toEqual(["function-step", "network-step"]);
    // Expressions and the graph of a step; for a function also the evaluator.
    expect(lazy["network-step"]).toBeGreaterThan(1000);
    expect(lazy["network-step"]).toBeLessThanOrEqual(6400);
    expect(lazy["function-step"]).toBeGreaterThan(lazy["network-step"]);
    expect(lazy["function-step"]).toBeLessThanOrEqual(11_900);
  });
});
