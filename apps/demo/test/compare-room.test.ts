import { beforeAll, describe, expect, test } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { enginesOf } from "../../../tooling/browser/page-tests.ts";
import { serve } from "../../../tooling/browser/serve.ts";
import type { Measured, Trace } from "../src/pages/compare/compare-work.ts";
import { createCompareWork, meanAndSpread } from "../src/pages/compare/create-compare-work.ts";
import { evenFrames, evenSteps } from "../src/pages/compare/even-frames.ts";
import { stageMap, toyData } from "../src/pages/compare/point-data.ts";
import { solverRows } from "../src/pages/compare/solver-rows.ts";
import { jobs, type SolverId, solvers } from "../src/pages/compare/solvers.ts";
import { bandOf, type Lines, verdictOf } from "../src/pages/compare/verdict.ts";
import { axeFolder, axeProblems } from "./axe.ts";
import { builtDemo } from "./built-demo.ts";
import { pointsPage } from "./demo-page.ts";
import { expectRest } from "./measure.ts";
import {
  describeRoom,
  expectAccessible,
  expectFocusKept,
  keepDownloads,
  overflow,
  runCode,
  shownCode,
  takeHome,
} from "./room.ts";

/** Measures some jobs with the exact denoiser of the moons. */
async function measureMoons(wanted: (steps: number) => boolean) {
  const work = createCompareWork();
  await work.use({ kind: "exact", anchors: (await toyData("moons")).anchors });
  const fresh = await work.fresh();
  const first = jobs.findIndex(({ steps }) => wanted(steps));
  const last = jobs.findLastIndex(({ steps }) => wanted(steps));
  const found: Measured[] = [];
  await work.measure(first, 0, (point) => {
    found.push(point);
    if (point.job === last) work.stop();
  });
  const distance = Object.fromEntries(found.map((p) => [jobs[p.job].solver, p.distance]));
  return { work, fresh, distance: distance as Record<SolverId, number> };
}

function lawTests(): void {
  describe("with the exact denoiser of the moons", () => {
    let at12: Awaited<ReturnType<typeof measureMoons>>;
    let traces: Record<"ddpm" | "ddim" | "again", Trace>;
    beforeAll(async () => {
      at12 = await measureMoons((steps) => steps === 11 || steps === 12);
      const trace = async (side: "left" | "right", eta: number) =>
        (await at12.work.trace(side, { steps: 12, eta, seed: 0 })) as Trace;
      traces = {
        ddpm: await trace("left", 1),
        ddim: await trace("right", 0),
        again: await trace("left", 0),
      };
    }, 60_000);

    test("at eta 0 both sides are the same points, and both start from the same noise", () => {
      expect(traces.again).toEqual(traces.ddim);
      expect(traces.ddpm.frames[0]).toEqual(traces.ddim.frames[0]);
      expect(traces.ddpm.frames[12]).not.toEqual(traces.ddim.frames[12]);
    });

    test("the curtain's distances are those of the frontier at as many steps", () => {
      expect(traces.ddpm.distance).toBe(at12.distance.ddpm);
      expect(traces.ddim.distance).toBe(at12.distance.ddim);
    });

    test("second-order solvers are closer than DDIM in 12 steps, and DDIM than DDPM", () => {
      const { ddpm, ddim, heun, dpm, unipc, sde } = at12.distance;
      for (const second of [heun, dpm, unipc]) expect(second).toBeLessThan(0.8 * ddim);
      expect(sde).toBeLessThan(ddpm);
      expect(ddim).toBeLessThan(ddpm);
    });

    test("with many steps, every solver without fresh noise is as close as a fresh draw", async () => {
      const { distance, fresh } = await measureMoons((steps) => steps === 49 || steps === 50);
      const { high } = bandOf(fresh ?? { mean: 0, spread: 0 });
      const noiseless = solvers.filter(({ color }) => color !== "z");
      expect(noiseless).toHaveLength(4);
      for (const { id } of noiseless) expect(distance[id], id).toBeLessThan(high);
    }, 60_000);

    test("a stop ends the measurement, and another problem ends a trace", async () => {
      const { work } = at12;
      const seen: number[] = [];
      await work.measure(0, 0, ({ job }) => {
        seen.push(job);
        if (job === 1) work.stop();
      });
      expect(seen).toEqual([0, 1]);
      const trace = work.trace("left", { steps: 100, eta: 1, seed: 0 });
      await work.use({ kind: "exact", anchors: Float32Array.of(0, 0) });
      expect(await trace).toBeUndefined();
    });
  });

  test("a Gaussian's samples have its mean and its deviation, with every solver", async () => {
    // One anchor: the exact flow is known, and so is the distance of a perfect sample.
    const work = createCompareWork();
    await work.use({ kind: "exact", anchors: Float32Array.of(0.5, -1) });
    const found: Measured[] = [];
    await work.measure(0, 0, (point) => {
      found.push(point);
      if (jobs[point.job].steps > 12) work.stop();
    });
    // The estimate of one narrow Gaussian hardly depends on x, so that few steps are enough.
    for (const { distance } of found) expect(distance).toBeLessThan(0.05);
  }, 60_000);

  test("each job of the frontier has as many evaluations as it says", () => {
    for (const { solver, steps } of jobs) {
      expect(solverRows[solver](steps, "x0"), `${solver} ${steps}`).toHaveLength(steps);
    }
  });

  test("even frames begin with the noise, end with the data, and lie on straight lines", () => {
    const frames = [0, 5, 1, 3].map((v) => Float32Array.of(v, -v));
    const even = evenFrames({ frames, positions: [0, 0, 0.5, 1] });
    expect(even).toHaveLength(evenSteps + 1);
    // The frame at position 0 that is not the first is left out.
    expect(even[0]).toEqual(frames[0]);
    expect(even[evenSteps / 4][0]).toBeCloseTo(0.5, 6);
    expect(even[evenSteps / 2][0]).toBeCloseTo(1, 6);
    expect(even[(3 * evenSteps) / 4][1]).toBeCloseTo(-2, 6);
    expect(even[evenSteps]).toEqual(frames[3]);
  });

  test("the stage holds the data of each toy, and its map keeps straight lines straight", async () => {
    for (const id of ["moons", "rings"] as const) {
      const data = await toyData(id);
      const map = stageMap(data);
      const shown = map(data.anchors);
      const x = Math.max(...shown.filter((_, i) => i % 2 === 0).map(Math.abs));
      const y = Math.max(...shown.filter((_, i) => i % 2 === 1).map(Math.abs));
      expect(x).toBeLessThan(1.951);
      expect(y).toBeLessThan(0.921);
      expect(Math.max(x / 1.95, y / 0.92)).toBeCloseTo(1, 5);
      const [a, middle, b] = [
        map(Float32Array.of(0, 2)),
        map(Float32Array.of(1, 1)),
        map(Float32Array.of(2, 0)),
      ];
      expect(middle[0]).toBeCloseTo((a[0] + b[0]) / 2, 5);
      expect(middle[1]).toBeCloseTo((a[1] + b[1]) / 2, 5);
    }
  });

  test("the verdict says what the numbers say", () => {
    const fresh = { mean: 0.05, spread: 0.01 };
    const points = (...distances: number[]) =>
      distances.map((distance, i) => ({ steps: [5, 10, 20][i], distance }));
    const lines = (ddpm: number[], ddim: number[]): Lines => ({
      ddpm: points(...ddpm),
      ddim: points(...ddim),
      sde: points(0.3, 0.06),
      heun: [],
      dpm: [],
      unipc: points(0.2, 0.06),
    });
    expect(verdictOf(lines([], [0.3]), fresh)).toBeUndefined();
    const costs = verdictOf(lines([0.4, 0.2, 0.06], [0.3, 0.069, 0.05]), fresh);
    expect(costs).toEqual({
      kind: "costs",
      steps: 20,
      ddpm: 0.06,
      ddim: 0.05,
      reached: { ddpm: 20, ddim: 10, sde: 10, unipc: 10 },
      first: "unipc",
    });
    expect(verdictOf(lines([0.4, 0.06, 0.05], [0.3, 0.2, 0.06]), fresh)?.kind).toBe("saves");
    expect(verdictOf(lines([0.4, 0.06, 0.05], [0.3, 0.06, 0.055]), fresh)?.kind).toBe("same");
    // A network's errors: DDIM keeps them, fresh noise washes them out.
    expect(verdictOf(lines([0.4, 0.2, 0.08], [0.3, 0.15, 0.14]), fresh)?.kind).toBe("buys");
    expect(verdictOf(lines([0.4, 0.2], [0.3, 0.15, 0.14]), fresh)?.steps).toBe(10);
  });

  test("the spread of fresh draws is their sample deviation", () => {
    expect(meanAndSpread([1, 3, 5, 7])).toEqual({ mean: 4, spread: Math.sqrt(20 / 3) });
  });
}

const number = async (page: BrowserPage, role: string) =>
  Number(await page.text(`[data-role=${role}]`));

/** Waits until both sides are sampled with settings that the fact names. */
const sampled = (page: BrowserPage, fact = "") =>
  page.waitFor(
    (wanted) =>
      document.querySelector("[data-role=fact]")?.textContent?.includes(wanted) &&
      /\d/.test(document.querySelector("[data-role=left]")?.textContent ?? "") &&
      !document.querySelector(".tracing"),
    fact,
  );

/** Waits until so many points of the frontier are measured, which begins when it comes into view. */
const measured = (page: BrowserPage, count: number) =>
  page.waitFor((wanted) => {
    document.querySelector(".frontier")?.scrollIntoView({ block: "nearest" });
    const status = document.querySelector(".frontier .status")?.textContent ?? "";
    return Number(/\d+/.exec(status)?.[0]) >= wanted;
  }, count);

const measureButton = "[data-role=measure]";

/** The tests of this room, on the built demo. */
describe("DDPM | DDIM", () => {
  lawTests();

  describeRoom("ddpm-ddim", enginesOf(), ({ visit, expectLight }) => {
    test("two sides of a curtain, a frontier that stops and continues, and code that gives its numbers", async () => {
      const page = await visit("?data=moons&steps=5&curtain=30");
      await sampled(page, "5 steps");
      const [left, right] = [await number(page, "left"), await number(page, "right")];
      expect(right).toBeLessThan(left);
      const edge = () =>
        page.evaluate(() => {
          const at = (selector: string) =>
            document.querySelector(selector)?.getBoundingClientRect() ?? new DOMRect();
          const [box, line] = [at(".curtain"), at(".curtain .edge")];
          return Math.round((100 * (line.x + line.width / 2 - box.x)) / box.width);
        });
      expect(await edge()).toBe(30);
      await page.drag("input[name=curtain]", [0.5, 0.3], [0.7, 0.3]);
      expect(Math.abs((await edge()) - 70)).toBeLessThan(3);
      await page.focus("input[name=curtain]");
      await page.press("Home");
      expect(await edge()).toBe(0);

      await expectLight();
      await measured(page, 6);
      await page.focus(measureButton);
      await page.press("Enter");
      await page.waitFor(() =>
        document.querySelector(".frontier .status")?.textContent?.includes("Stopped"),
      );
      const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
      expect(await focused()).toBe("Continue");
      const stopped = Number(/\d+/.exec(await page.text(".frontier .status"))?.[0]);
      await page.press("Enter");
      await measured(page, stopped + 1);
      expect(await focused()).toBe("Stop");
      await page.focus("[data-solver=unipc]");
      await page.waitFor(() =>
        /UniPC/.test(document.querySelector("[data-role=meaning]")?.textContent ?? ""),
      );
      expect(
        await page.evaluate(() =>
          document.querySelector(".frontier-plot canvas")?.getAttribute("aria-label"),
        ),
      ).toContain("UniPC stands out");

      await page.fill("input[name=eta]", 0);
      await sampled(page, "DDIM ends");
      expect(await number(page, "left")).toBe(await number(page, "right"));
      expect(await number(page, "right")).toBe(right);
      await page.fill("input[name=eta]", 1);
      await sampled(page, "DDPM ends");
      expect(await number(page, "left")).toBe(left);
      const distances = (await runCode(await shownCode(page), "distances")) as number[];
      expect(Math.abs(distances[0] - left)).toBeLessThan(6e-4);
      expect(Math.abs(distances[1] - right)).toBeLessThan(6e-4);

      await page.fill("input[name=steps]", 8);
      await sampled(page, "8 steps");
      const more = await number(page, "right");
      expect(more).toBeLessThan(right);
      await page.reload();
      await sampled(page, "8 steps");
      expect(await number(page, "right")).toBe(more);
      expect(await page.problems()).toEqual([]);
    });
  });

  describeRoom("ddpm-ddim", enginesOf(), ({ visit, server }) => {
    test("has no fault that axe finds while it measures", async () => {
      const page = await visit("?data=rings&steps=3");
      await measured(page, 1);
      await page.focus("[data-solver=ddim]");
      await expectAccessible(page);
    });

    test("explains that its work could not start", async () => {
      const partial = await serve(
        {
          "/assets/compare.worker": "/missing",
          "/assets/create-compare-work": "/missing",
          "/axe/": axeFolder,
          "/": builtDemo,
        },
        { isolated: true },
      );
      const broken = await visit();
      await broken.goto(`${partial.url}#/ddpm-ddim`);
      await broken.waitFor(() => document.querySelector(".side .error"));
      expect(await axeProblems(broken)).toEqual([]);
      await broken.goto("about:blank");
      await partial.close();
    });

    test("keeps the focus on every control, and says which settings it could not take", async () => {
      const page = await visit("?data=moons&steps=1e9&eta=x&seed=-3");
      await sampled(page, "100 steps");
      expect(await page.text(".side .notice")).toMatch(/steps = 100, eta = 1, seed = 0/);
      await page.fill("input[name=steps]", 2);
      await sampled(page, "2 steps");
      expect(await page.url()).not.toContain("?");
      await page.fill("input[name=seed]", 99_999_999_999);
      expect(await page.text(".controls-of-curtain [role=status]")).toContain("4294967295");
      await expectFocusKept(page);
      expect(await page.problems()).toEqual([]);
    });

    test("fits 320 pixels, and its picture is in the first screen of a phone", async () => {
      const page = await visit("?data=moons&steps=2", [320, 740]);
      await sampled(page, "2 steps");
      expect(await overflow(page)).toBe(0);
      const bottom = await page.evaluate(
        () => document.querySelector(".curtain")?.getBoundingClientRect().bottom ?? Infinity,
      );
      expect(bottom).toBeLessThan(740);
      await page.click("[data-role=measure]");
      await page.click("[data-role=measure]");
      await page.waitFor(() => {
        const box = document.querySelector(".frontier h2")?.getBoundingClientRect();
        return box && box.top >= 0 && box.bottom <= innerHeight;
      });
    });

    test("saves the points of both sides and the distances", async () => {
      const page = await visit("?data=moons&steps=2");
      await measured(page, 3);
      // What is still measured moves the buttons below it.
      await page.focus(measureButton);
      await page.press("Enter");
      await page.waitFor(() =>
        document.querySelector(".frontier .status")?.textContent?.includes("Stopped"),
      );
      await page.evaluate(keepDownloads);
      await takeHome(page, "points (CSV)");
      await takeHome(page, "distances (CSV)");
      const saved = await page.waitFor(async () => {
        const { saved } = window as unknown as { saved: { name: string; text: Promise<string> }[] };
        if (saved.length < 2) return undefined;
        return Promise.all(saved.map(async ({ name, text }) => ({ name, text: await text })));
      });
      // A file is offered when it is made, so the files come in any order.
      const lines = (name: string) =>
        saved
          .find((file) => file.name.includes(name))
          ?.text.trim()
          .split("\n") ?? [];
      const [points, distances] = [lines("points"), lines("frontier")];
      expect(points).toHaveLength(1001);
      expect(points[0]).toBe("left x,left y,right x,right y");
      expect(points[1].split(",").map(Number).every(Number.isFinite)).toBe(true);
      expect(distances[1]).toMatch(/^DDPM,2,0\.\d{4}$/);
    });

    test.runIf(allEngines)(
      "takes the network that the learning page kept, or says how to get one",
      async () => {
        const page = await visit("?data=learned");
        await sampled(page);
        expect(await page.text(".controls-of-curtain a")).toContain("Train a network");
        await page.goto(`${server().url}?steps=10#/learn`);
        const points = pointsPage(page);
        await page.click(points.button(".train", "Train"));
        await points.shows(".train .status", "10 steps in");
        await points.kept();
        await page.goto(`${server().url}?data=learned&steps=3#/ddpm-ddim`);
        await page.waitFor(() => document.querySelector("[data-denoiser=network]"));
        await sampled(page, "3 steps");
        const exact = await number(page, "right");
        await page.click("[data-denoiser=network]");
        await page.waitFor(
          (before) =>
            document.querySelector("[data-role=right]")?.textContent !== before &&
            !document.querySelector(".tracing"),
          exact.toFixed(3),
        );
        // Ten steps of training teach little: the network is farther from its data.
        expect(await number(page, "right")).toBeGreaterThan(exact);
        await measured(page, 2);
        expect(await page.problems()).toEqual([]);
      },
    );
  });

  describeRoom(
    "ddpm-ddim",
    enginesOf(),
    ({ visit }) => {
      test("with reduced motion, shows the end at once and requests no animation frame", async () => {
        const page = await visit("?data=moons&steps=2");
        await sampled(page, "2 steps");
        await page.click(measureButton);
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(
          await page.evaluate(() =>
            document.querySelector("input[name=moment]")?.getAttribute("aria-valuetext"),
          ),
        ).toBe("log SNR = 8.0");
        await expectRest(page);
      });
    },
    { reducedMotion: true },
  );
});
