import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type Server, serve } from "../../../tooling/browser/serve.ts";
import { axeFolder, axeProblems } from "./axe.ts";
import { builtDemo } from "./built-demo.ts";
import { pointsPage } from "./demo-page.ts";
import { scriptCounter } from "./measure.ts";
import { keepDownloads, runCode, shownCode, takeHome } from "./room.ts";

/** The tests of the learning page's manners, on the built demo. */
describe("the learning page", () => {
  describeEngines("the learning page", enginesOf(), (engine) => {
    let server: Server;
    let browser: Browser;
    const open: { close(): Promise<void> }[] = [];
    const { headers, expectLight } = scriptCounter(builtDemo);
    beforeAll(async () => {
      server = await serve({ "/axe/": axeFolder, "/": builtDemo }, { isolated: true, headers });
      browser = await launch(engine);
    });
    afterEach(async () => {
      for (const each of open.splice(0)) await each.close();
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    async function visit(path: string, size: [number, number] = [1280, 900]) {
      const page = await browser.newPage();
      open.push(page);
      await page.resize(...size);
      await page.goto(server.url + path);
      const points = pointsPage(page);
      await points.shows(".train h2", "");
      return { page, points };
    }

    test("Enter starts and stops a training and keeps the focus; a reload keeps the model", async () => {
      const { page, points } = await visit("?data=rings&steps=20000#/learn", [360, 740]);
      expect(
        await page.evaluate(() => ({
          toy: document.querySelector<HTMLInputElement>("[name=toy]:checked")?.value,
          steps: document.querySelector<HTMLInputElement>("[name=steps]")?.value,
        })),
      ).toEqual({ toy: "rings", steps: "20000" });
      // The worker has started, and waits for its first call.
      await new Promise((resolve) => setTimeout(resolve, 500));
      await expectLight();
      await page.evaluate(() => {
        const changes: number[] = [];
        Object.assign(window, { changes });
        const status = document.querySelector(".train [role=status]") as Element;
        new MutationObserver(() => changes.push(performance.now())).observe(status, {
          subtree: true,
          childList: true,
          characterData: true,
        });
      });
      const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
      await page.focus(points.button(".train", "Train"));
      await page.press("Enter");
      await points.shows(".train button", "Stop");
      expect(await focused()).toBe("Stop");
      // The network's own samples are in view while it learns.
      await page.waitFor(() => {
        const canvas = document.querySelector(".field-stage canvas");
        return /after [1-9]\d* steps/.test(canvas?.getAttribute("aria-label") ?? "");
      });
      const { top, bottom } = await page.evaluate(() => {
        const box = document.querySelector(".field-stage")?.getBoundingClientRect();
        return { top: box?.top ?? -1, bottom: box?.bottom ?? Infinity };
      });
      expect(top).toBeGreaterThanOrEqual(0);
      expect(bottom).toBeLessThanOrEqual(741);
      expect(await axeProblems(page)).toEqual([]);
      await page.press("Enter");
      await points.shows(".train button", "Continue");
      expect(await focused()).toBe("Continue");
      const stopped = Number(/\d+/.exec(await points.status())?.[0]);
      const times = await page.evaluate(() => (window as unknown as { changes: number[] }).changes);
      expect(times.length).toBeGreaterThan(0);
      times.slice(1).forEach((time, i) => expect(time - times[i]).toBeGreaterThan(2000));

      await page.click(points.button(".train", "Start over"));
      await points.shows(".train button", "Stop");
      expect(await focused()).toBe("Stop");
      await points.reached(1);
      await page.press("Enter");
      await points.shows(".train button", "Continue");
      await page.waitFor(() =>
        /Stopped/.test(document.querySelector(".train .status")?.textContent ?? ""),
      );
      const kept = Number(/\d+/.exec(await points.status())?.[0]);
      expect(kept).toBeGreaterThan(0);
      expect(stopped).toBeGreaterThan(0);
      // The field is drawn in a worker, after the weights.
      const fieldIsDrawn = () =>
        page.waitFor(
          (text) =>
            document
              .querySelector(".field-stage canvas")
              ?.getAttribute("aria-label")
              ?.includes(text),
          `after ${kept} step`,
        );
      await fieldIsDrawn();
      await page.reload();
      await points.shows(".train .status", `Kept from your last visit: ${kept} step`);
      await points.shows(".train button", "Continue");
      await fieldIsDrawn();
      expect(await page.problems()).toEqual([]);
    });

    test("a stopped run says where, changed data is named beside old samples, clamps are said", async () => {
      const { page, points } = await visit("?steps=10#/learn");
      await page.fill("input[name=steps]", 1e9);
      await points.shows(".train .note", "Set to 50,000");
      await page.fill("input[name=steps]", 10);
      await page.fill("input[name=seed]", 99_999_999_999);
      await points.shows(".sample .note", "Set to 4,294,967,295");
      // The first stop of the slider: 5 steps.
      await page.fill("input[name=ddpm-steps]", 0);
      await page.click(points.button(".train", "Train"));
      await points.sampled();
      await page.evaluate(keepDownloads);
      for (const text of ["DDPM: points", "DDIM: points", "(ONNX)", "(safetensors)", "(folder)"]) {
        await takeHome(page, text);
      }
      const saved = await page.waitFor(async () => {
        const { saved } = window as unknown as {
          saved: { name: string; text: Promise<string>; size: number }[];
        };
        if (saved.length < 5) return undefined;
        return Promise.all(saved.map(async ({ text, ...file }) => ({ ...file, text: await text })));
      });
      const bytesOf = Object.fromEntries(saved.map(({ name, size }) => [name, size]));
      for (const name of ["points.onnx", "points.safetensors", "points.zip"]) {
        expect(bytesOf[name], name).toBeGreaterThan(170_000);
      }
      // The code trains the same network, and samples the same points.
      const taken = (await runCode(await shownCode(page), "points")) as Record<string, number[]>;
      for (const method of ["ddpm", "ddim"]) {
        const csv = saved.find(({ name }) => name === `${method}-points.csv`)?.text ?? "";
        const shown = csv.trim().split("\n").slice(1).join(",").split(",").map(Number);
        expect(shown).toHaveLength(2000);
        shown.forEach((v, i) => expect(Math.abs(v - taken[method][i])).toBeLessThan(5e-3));
      }
      expect(await page.text("[data-method=ddim] [data-role=fresh]")).toMatch(
        /(closer than|as close as|farther than) a fresh draw of the data itself: 0\.\d+ ± 0\.\d+/,
      );
      // At no noise level is the network better than the exact denoiser.
      const levels = await page.evaluate(() =>
        Array.from(document.querySelectorAll(".levels tbody tr"), (row) =>
          Array.from(row.querySelectorAll("td"), (cell) => Number(cell.textContent)),
        ),
      );
      expect(levels).toHaveLength(5);
      for (const [learned, least] of levels) expect(learned).toBeGreaterThanOrEqual(least - 0.02);
      // In almost pure noise, the noise is almost the point itself.
      expect(levels[4][1]).toBeLessThan(0.1);
      await page.fill("input[name=ddpm-steps]", 7);
      await points.shows(".sample button", "Stop");
      await page.focus(points.button(".sample", "Stop"));
      await page.press("Enter");
      await points.shows("[data-method=ddpm] .note", "Stopped at t =");
      expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe("Sample");
      await points.choose("digit");
      await points.shows(".sample .notice", "The data has changed");
      expect(await axeProblems(page)).toEqual([]);
    });

    test("a browser whose disk is full says that it does not keep the model", async () => {
      const { page, points } = await visit("?steps=10#/learn");
      await page.evaluate(() => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException("The disk is full", "QuotaExceededError");
        };
      });
      await page.click(points.button(".train", "Train"));
      await points.shows(".train .status", "does not keep the model for a reload");
    });

    test("the postcard's points can be learned, and a software GPU is named and not the default", async () => {
      const { page, points } = await visit("#/learn?data=postcard");
      await page.waitFor(
        () => document.querySelector<HTMLInputElement>("[name=toy]:checked")?.value === "postcard",
      );
      await expect
        .poll(async () => (await points.pixels(".data .stage")).drawn)
        .toBeGreaterThan(1000);
      const { chosen, gpu } = await page.evaluate(async () => {
        const select = document.querySelector<HTMLSelectElement>("[name=backend]");
        const adapter = await navigator.gpu?.requestAdapter();
        const info = adapter?.info as { isFallbackAdapter?: boolean; architecture?: string };
        const software = info?.isFallbackAdapter || info?.architecture === "swiftshader";
        return { chosen: select?.value, gpu: adapter ? { software } : undefined };
      });
      expect(chosen).toBe("onnx/wasm");
      if (gpu?.software) {
        await points.shows("option[value='onnx/webgpu']", "software, slow");
      }
    });

    test("a backend whose files are missing is explained in words, the program's own behind a summary", async () => {
      const partial = await serve(
        { "/assets/ort-wasm": "/missing", "/": builtDemo },
        { isolated: true },
      );
      const page = await browser.newPage();
      open.push(page, partial);
      await page.goto(`${partial.url}#/learn`);
      const points = pointsPage(page);
      await points.shows(".train h2", "Train");
      await page.click(points.button(".train", "Train"));
      await points.shows(".train .error p", "ONNX Runtime · WASM did not start.");
      expect(await page.text(".train .error p")).not.toMatch(/Aborted|ASSERTIONS|Error/);
      expect((await page.text(".train .error code")).length).toBeGreaterThan(10);
    });
  });
});
