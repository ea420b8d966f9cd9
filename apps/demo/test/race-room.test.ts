import { loadPipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate } from "@gen/sampling";
import { unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { enginesOf } from "../../../tooling/browser/page-tests.ts";
import { serve } from "../../../tooling/browser/serve.ts";
import { axeFolder, axeProblems } from "./axe.ts";
import { builtDemo } from "./built-demo.ts";
import {
  describeRoom,
  expectAccessible,
  expectFocusKept,
  keepDownloads,
  overflow,
  runCode,
  shownCode,
  sizes,
  takeHome,
} from "./room.ts";

/** Waits until the reference is drawn and the runtimes are known. */
const opened = (page: BrowserPage) =>
  page.waitFor(
    () =>
      document.querySelector("[data-runtime=cpu][data-phase=done]") &&
      document.querySelector(".runtimes input"),
  );

const raceButton = "[data-role=race]";
const raceLabel = (page: BrowserPage) => page.text(raceButton);

/** Waits until each runtime that is on has ended. */
const ended = (page: BrowserPage) =>
  page.waitFor(
    () =>
      document.querySelector("[data-role=race]")?.textContent?.trim() === "Race" &&
      document.querySelector(".lane:not([data-runtime=cpu])") &&
      !document.querySelector(".lane:is([data-phase=waiting], [data-phase=running])"),
  );

/** The phases of the lanes by their runtimes. */
const phases = (page: BrowserPage) =>
  page.evaluate(() =>
    Object.fromEntries(
      Array.from(document.querySelectorAll<HTMLElement>(".lane"), ({ dataset }) => [
        dataset.runtime,
        dataset.phase,
      ]),
    ),
  );

/** The cells of the table that have a difference: a runtime's label and the difference. */
const differences = (page: BrowserPage) =>
  page.evaluate(() =>
    Array.from(document.querySelectorAll(".results tbody tr"), (row) => ({
      label: row.querySelector("th")?.textContent?.trim() ?? "",
      difference: Number.parseFloat(row.querySelector("td:last-child")?.textContent ?? ""),
    })).filter(({ difference }) => !Number.isNaN(difference)),
  );

/** Opens the numbers and returns them: the places of the first points by runtime. */
async function numbers(page: BrowserPage): Promise<string[]> {
  await page.evaluate(() => {
    const details = document.querySelector<HTMLDetailsElement>(".numbers");
    if (details) details.open = true;
  });
  await page.waitFor(() => document.querySelectorAll(".numbers td").length >= 20);
  return page.evaluate(() =>
    Array.from(document.querySelectorAll(".numbers tbody tr"), (row) => row.textContent ?? ""),
  );
}

/** Runs in the page. From now on, what is copied is kept in `data-copied` of the root. */
function keepCopies(): void {
  const writeText = (text: string) => {
    document.documentElement.dataset.copied = text;
    return Promise.resolve();
  };
  Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
}

/** The tests of the race, on the built demo. */
describe("Race", () => {
  describeRoom("race", enginesOf(), ({ visit, expectLight }) => {
    test("every runtime of this browser ends on the points of the reference", async () => {
      const page = await visit();
      await opened(page);
      await expectLight();
      expect(await page.text("[data-runtime=cpu] .pace")).toBe("drawn beforehand");
      // Another seed is drawn now.
      await page.fill("input[name=seed]", 3);
      await page.waitFor(() =>
        document.querySelector("[data-runtime=cpu] .pace")?.textContent?.includes("a step"),
      );
      // Runtimes on a GPU in software take long: they race with `npm run test:all`.
      const all = await page.evaluate((everyOne) => {
        const boxes = [...document.querySelectorAll<HTMLInputElement>(".runtimes input")];
        for (const box of boxes) if (everyOne && !box.checked) box.click();
        return boxes.filter(({ checked }) => checked).length;
      }, allEngines);
      await page.click(raceButton);
      await page.waitFor(() => document.querySelector(".lane[data-phase=starting]"));
      await ended(page);
      expect(new Set(Object.values(await phases(page)))).toEqual(new Set(["done"]));
      const found = await differences(page);
      expect(found).toHaveLength(all);
      for (const { difference } of found) expect(difference).toBeLessThanOrEqual(1e-3);
      expect(await page.text("[data-role=answer]")).toMatch(
        /^To the points, no: .*To the clock, yes/,
      );
      const [first] = await numbers(page);
      // A reload keeps the seed, the choice and the picture of the reference.
      await page.reload();
      await opened(page);
      expect(
        await page.evaluate(() => document.querySelectorAll(".runtimes :checked").length),
      ).toBe(all);
      const [again] = await numbers(page);
      expect(first.startsWith(again)).toBe(true);
      expect(await page.problems()).toEqual([]);
    });
  });

  describeRoom("race", enginesOf(), ({ visit }) => {
    test("its code runs in Node and ends on the page's points", async () => {
      const page = await visit("?seed=5&on=onnx/wasm");
      await opened(page);
      await page.evaluate(keepDownloads);
      await takeHome(page, "points (CSV)");
      await takeHome(page, "model (ONNX)");
      await takeHome(page, "model (folder)");
      const saved = await page.waitFor(async () => {
        const { saved } = window as unknown as {
          saved: {
            name: string;
            text: Promise<string>;
            bytes: Promise<ArrayBuffer>;
            size: number;
          }[];
        };
        if (saved.length < 3) return undefined;
        return Promise.all(
          saved.map(async ({ text, bytes, ...file }) => ({
            ...file,
            text: await text,
            bytes: Array.from(new Uint8Array(await bytes)),
          })),
        );
      });
      const [csv, onnx, zip] = ["race-seed-5.csv", "race-model.onnx", "race-model.zip"].map(
        (name) => saved.find((file) => file.name === name) ?? expect.fail(name),
      );
      expect(onnx.size).toBeGreaterThan(170_000);
      const shown = csv.text.trim().split("\n").slice(1).join(",").split(",").map(Number);
      expect(shown).toHaveLength(2000);
      const folder = unzipSync(Uint8Array.from(zip.bytes));
      const pipeline = await loadPipeline(async (path) => folder[path]);
      const backend = onnxBackend({ provider: "cpu" });
      const { x } = await generate(pipeline, { backend, count: 1000, steps: 20, seed: 5 });
      await (await backend).close();
      shown.forEach((v, i) => expect(Math.abs(v - x[i])).toBeLessThanOrEqual(1e-3));
      const code = await shownCode(page);
      const points = (await runCode(code, "points")) as Record<string, ArrayLike<number>>;
      expect(Object.keys(points)).toEqual(["cpu", "onnx/wasm"]);
      for (const each of Object.values(points)) {
        shown.forEach((v, i) => expect(Math.abs(v - each[i])).toBeLessThanOrEqual(1e-3));
      }
    });

    test("Enter starts and stops a race; the finished runs stay; software is named and off", async () => {
      const page = await visit("", sizes.phone);
      await opened(page);
      expect(await axeProblems(page)).toEqual([]);
      const boxes = await page.evaluate(() =>
        Array.from(document.querySelectorAll<HTMLInputElement>(".runtimes input"), (box) => ({
          name: box.value,
          checked: box.checked,
          software: box.closest("label")?.textContent?.includes("software, slow") === true,
        })),
      );
      expect(boxes.length).toBeGreaterThan(2);
      for (const { checked, software } of boxes) expect(checked).toBe(!software);
      await page.evaluate(() => {
        for (const box of document.querySelectorAll<HTMLInputElement>(".runtimes input")) {
          if (box.checked !== ["onnx/wasm", "tfjs/cpu"].includes(box.value)) box.click();
        }
      });
      await page.focus(raceButton);
      await page.press("Enter");
      await page.waitFor(() =>
        document.querySelector("[data-runtime='tfjs/cpu'][data-phase=running]"),
      );
      expect(await axeProblems(page)).toEqual([]);
      await page.press("Enter");
      expect(await raceLabel(page)).toBe("Race");
      expect(await phases(page)).toEqual({
        cpu: "done",
        "onnx/wasm": "done",
        "tfjs/cpu": "stopped",
      });
      expect(await page.text(".side .status")).toContain("Stopped");
      const frames = await page.text("[data-runtime='tfjs/cpu'] .pace");
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(await page.text("[data-runtime='tfjs/cpu'] .pace")).toBe(frames);
      expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe("Race");

      // A whole race on a phone: its lanes are in view when it ends.
      await page.evaluate(() =>
        document.querySelector<HTMLInputElement>(".runtimes [value='tfjs/cpu']")?.click(),
      );
      await page.press("Enter");
      await ended(page);
      await page.waitFor(() => {
        const box = document.querySelector(".picture")?.getBoundingClientRect();
        return box && box.top >= -1 && box.bottom <= innerHeight + 1;
      });
      await page.resize(320, 740);
      expect(await overflow(page)).toBe(0);
      await expectAccessible(page);
      await expectFocusKept(page, () => ended(page).then(() => undefined));
      expect(await page.problems()).toEqual([]);
    });

    test.runIf(allEngines)(
      "a runtime that does not start says so, and the others go on",
      async () => {
        const partial = await serve(
          { "/axe/": axeFolder, "/assets/ort-wasm": "/missing", "/": builtDemo },
          { isolated: true },
        );
        try {
          const page = await visit();
          await page.goto(`${partial.url}?on=onnx/wasm,tfjs/wasm,nope&seed=-4#/race`);
          await opened(page);
          expect(await page.text(".side .notice")).toMatch(/seed=-4, on=nope/);
          await page.click(raceButton);
          await page.waitFor(() => document.querySelector(".lane[data-phase=starting]"));
          await ended(page);
          expect(await phases(page)).toEqual({
            cpu: "done",
            "onnx/wasm": "failed",
            "tfjs/wasm": "done",
          });
          expect(await page.text("[data-runtime='onnx/wasm'] .error p")).toContain(
            "ONNX Runtime · WASM did not start.",
          );
          expect((await differences(page)).map(({ label }) => label)).toEqual([
            "TensorFlow.js · WASM",
          ]);
          await expectAccessible(page);
          await page.evaluate(keepCopies);
          await page.click("[data-role=copy-markdown]");
          const copied = await page.waitFor(() => document.documentElement.dataset.copied);
          expect(copied).toMatch(
            /^(Chrome|HeadlessChrome|Firefox|Safari) \d+ · \d+ cores .*seed 0\n\n\| runtime \|/,
          );
          expect(copied).toContain("| ONNX Runtime · WASM | did not start |");
          expect(copied).toMatch(/\| TensorFlow\.js · WASM \|( \d+(\.\d+)? ms \|){3} 0\.\d+ \|/);
        } finally {
          await partial.close();
        }
      },
    );

    test.runIf(allEngines)("the network that Learn has trained races", async () => {
      const page = await visit();
      await opened(page);
      const [spiral] = await numbers(page);
      await page.goto(`${await page.url().then((url) => url.split("#")[0])}?steps=30#/learn`);
      await page.click({ selector: ".train button", text: "Train" });
      await page.waitFor(() => document.querySelector("[data-method=ddim] [data-role=took]"));
      await page.evaluate(() => {
        location.hash = "#/race";
      });
      await opened(page);
      await page.waitFor(() => document.querySelector("[name=model]"));
      expect(await page.text("[name=model] option")).toBe("yours, from Learn: moons, 30 steps");
      const [moons] = await numbers(page);
      expect(moons).not.toBe(spiral);
      expect(await shownCode(page)).toContain('new URL("race-model.safetensors", import.meta.url)');
      await page.fill("[name=model]", "false");
      await opened(page);
      await page.waitFor((was) => {
        const row = document.querySelector(".numbers tbody tr");
        return row && row.textContent !== was;
      }, moons);
      expect((await numbers(page))[0]).toBe(spiral);
    });
  });

  describeRoom(
    "race",
    enginesOf(),
    ({ visit }) => {
      test.runIf(allEngines)(
        "a reader who prefers reduced motion gets ends, not runs",
        async () => {
          const page = await visit("?on=onnx/wasm");
          await opened(page);
          await page.evaluate(() => {
            const original = requestAnimationFrame;
            Object.assign(window, { asked: 0 });
            window.requestAnimationFrame = (callback) => {
              (window as unknown as { asked: number }).asked++;
              return original(callback);
            };
          });
          await page.click(raceButton);
          await page.waitFor(() =>
            document.querySelector("[data-runtime='onnx/wasm'][data-phase=done]"),
          );
          await new Promise((resolve) => setTimeout(resolve, 400));
          // One drawing of each lane when its run begins, and one when it has ended.
          expect(
            await page.evaluate(() => (window as unknown as { asked: number }).asked),
          ).toBeLessThanOrEqual(4);
        },
      );
    },
    { reducedMotion: true },
  );
});
