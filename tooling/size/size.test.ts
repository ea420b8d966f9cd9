import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

/** Bytes of a module after bundling for browsers, minifying and gzipping. */
async function bundledBytes(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["@gen/source"],
    write: false,
    logLevel: "silent",
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).byteLength;
}

const math = await import("@gen/math");

/** What carries a random stream cannot do without its generator and normal transform. */
const larger: Record<string, number> = {
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

  it("@gen/ddim with a schedule and the sampling loop is at most 15 kB gzipped", async () => {
    const bytes = await bundledBytes(`
      export * from "@gen/ddim";
      export { sample } from "@gen/sampling";
      export { linearSchedule } from "@gen/schedules";
    `);
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThanOrEqual(15_000);
  });
});
