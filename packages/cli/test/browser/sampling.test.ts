import { readFileSync } from "node:fs";
import { readNpy } from "@gen/data";
import { describe, expect, it } from "vitest";
import type { EngineFeatures } from "../../../../tooling/browser/features.ts";
import { backendNeeds, lacks } from "../../../../tooling/browser/page-tests.ts";
import { closesBrowser, inBrowser } from "./in-browser.ts";

closesBrowser();
// On a software adapter, on cores shared with other tests, shaders take long to compile.
const slow = { timeout: 180_000 };
const [webgpu, capturing] = ["onnx/webgpu", "onnx/webgpu, capturing"];

// Written by PyTorch 1.13 with tooling/reference/unet-torch.py, which holds the loop too.
const torch = readNpy(readFileSync(new URL("../reference/unet-8/ddim.npy", import.meta.url)));

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i])));

/** Skips a test if the engine lacks what the backend needs. */
function skipWithout(
  { features }: { features: EngineFeatures },
  name: string,
  skip: (when: boolean, note: string) => void,
): void {
  const missing = lacks(features, backendNeeds(name));
  skip(missing !== "", missing);
}

describe("a UNet exported by PyTorch gives PyTorch's image", slow, () => {
  inBrowser("in a page", { isolated: true }, (page) => {
    const images: Record<string, number[]> = {};
    it.for(["onnx/wasm", webgpu, capturing, "tfjs/wasm", "tfjs/webgl", "tfjs/webgpu"])(
      "on %s",
      async (name, { skip }) => {
        skipWithout(page(), name, skip);
        const { x, live, uncaptured } = await page().run("torchImages", [
          name,
          "/reference/unet-8/",
          4,
        ]);
        images[name] = x;
        expect(x).toHaveLength(8 * 8);
        expect(distance(x, torch.data as Float32Array)).toBeLessThan(1e-3);
        expect(live).toBe(0);
        expect(uncaptured).toEqual([]);
      },
    );
    it("captured and uncaptured alike", ({ skip }) => {
      skipWithout(page(), webgpu, skip);
      expect(distance(images[capturing], images[webgpu])).toBeLessThan(1e-5);
    });
  });
});

describe("previews that are not awaited", slow, () => {
  inBrowser("in a page", { isolated: false, needs: backendNeeds(webgpu) }, (page) => {
    it.each([webgpu, capturing, "tfjs/webgpu"])(
      "on %s are read while the loop takes further steps, and only the requested ones",
      async (name) => {
        const got = await page().run("previews", [name, 3]);
        expect(got).toMatchObject({ requested: 4, early: 0, live: 0 });
        expect(got.error).toBeLessThan(1e-6);
        // The first loop reads only the final x, the other also every preview.
        expect(got.without.readings).toBe(1);
        expect(got.delayed.readings).toBe(5);
        // A preview keeps its own tensor and its copy, but not the tensors that the steps freed.
        expect(got.delayed.buffers - got.without.buffers).toBeLessThanOrEqual(2 * got.requested);
      },
    );
  });
});
