import { expect, it } from "vitest";
import { pageTests } from "../../../../tooling/browser/page-tests.ts";
import type { FigureScenarios } from "./page/main.ts";

const { inBrowser, closesBrowser } = pageTests<FigureScenarios>(
  new URL("./page/", import.meta.url),
);

inBrowser("figures on a canvas", { isolated: false }, (page) => {
  it("draws the stage's points in ink, its tails in blue, and again in the other theme", async () => {
    const { light, dark, stale, width, scale } = await page().run("stage", []);
    // 100 points of at least 4 pixels; some overlap.
    for (const each of [light, dark]) {
      expect(each.ink).toBeGreaterThan(250);
      expect(each.tails).toBeGreaterThan(300);
    }
    expect(stale).toBe(0);
    expect(width).toBe(200 * scale);
  });

  it("draws the river's paths in the colors of DDIM and DDPM", async () => {
    const { ddim, ddpm } = await page().run("river", []);
    expect(ddim).toBeGreaterThan(1000);
    expect(ddpm).toBeGreaterThan(300);
  });

  it("draws the frontier's lines in their colors, a lit line wider", async () => {
    const { plain, lit } = await page().run("frontier", []);
    expect(plain.ddim).toBeGreaterThan(300);
    expect(plain.ddpm).toBeGreaterThan(200);
    expect(lit.ddpm).toBeGreaterThan(1.2 * plain.ddpm);
  });
});

closesBrowser();
