import { openBackend } from "@gen/runtime-gpu";
import { expect, it } from "vitest";
import { seededNoise, seededSamples } from "../seeded.ts";
import { closesBrowser, inBrowser } from "./in-browser.ts";

closesBrowser();

/** The seed in Node: the noise, and the samples on a backend of the same library. */
async function inNode(name: string) {
  const backend = await openBackend(name);
  const samples = await seededSamples(backend);
  await backend.close();
  return { noise: await seededNoise(), samples };
}

inBrowser("one seed", { isolated: true, everyEngine: true }, (page) => {
  it.each(["onnx/wasm", "tfjs/wasm"])(
    "gives on %s the noise of Node to the bit, and its samples",
    async (name) => {
      const got = await page().run("oneSeed", [name]);
      const wanted = await inNode(name);
      expect(got.noise).toEqual(wanted.noise);
      expect(got.samples).toHaveLength(400);
      expect(Math.max(...wanted.samples.map(Math.abs))).toBeGreaterThan(0.5);
      const errors = got.samples.map((v, i) => Math.abs(v - wanted.samples[i]));
      expect(Math.max(...errors)).toBeLessThan(1e-5);
    },
  );
});
