import { readFileSync } from "node:fs";
import { readNpy } from "@gen/data";
import { expect, it } from "vitest";
import { closesBrowser, inBrowser } from "./in-browser.ts";

closesBrowser();
// On a software adapter, on cores shared with other tests, shaders take long to compile.
const slow = 180_000;

// Written by PyTorch 1.13 with tooling/reference/unet-torch.py, which holds the loop too.
const wanted = readNpy(readFileSync(new URL("../reference/unet-28/ddim.npy", import.meta.url)));

inBrowser("a UNet as PyTorch exports it makes PyTorch's own image", { isolated: true }, (page) => {
  for (const name of ["onnx/wasm", "onnx/webgpu", "tfjs/wasm", "tfjs/webgl", "tfjs/webgpu"]) {
    it(
      `on ${name}`,
      async () => {
        const { x, live } = await page().run("torchImages", [name, "/reference/unet-28/", 1, 10]);
        expect(x).toHaveLength(28 * 28);
        const errors = x.map((v, i) => Math.abs(v - Number(wanted.data[i])));
        expect(Math.max(...errors)).toBeLessThan(1e-3);
        expect(live).toBe(0);
      },
      slow,
    );
  }
});

inBrowser("previews that nobody awaits", { isolated: false }, (page) => {
  for (const name of ["onnx/webgpu", "tfjs/webgpu"]) {
    it(
      `on ${name} are read while the loop takes further steps, and only where asked for`,
      async () => {
        const got = await page().run("previews", [name, 3]);
        expect(got).toMatchObject({ asked: 4, early: 0, live: 0 });
        expect(got.error).toBeLessThan(1e-6);
        // The final x alone is read in the first loop, and every preview beside it in the other.
        expect(got.unasked.readings).toBe(1);
        expect(got.held.readings).toBe(5);
        // A preview keeps its own tensor and the copy that is read, not what the steps let go of meanwhile.
        expect(got.held.buffers - got.unasked.buffers).toBeLessThanOrEqual(2 * got.asked);
      },
      slow,
    );
  }
});
