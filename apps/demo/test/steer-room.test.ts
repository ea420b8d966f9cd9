import { describe, expect, test } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { enginesOf } from "../../../tooling/browser/page-tests.ts";
import { serve } from "../../../tooling/browser/serve.ts";
import { axeFolder, axeProblems } from "./axe.ts";
import { builtDemo } from "./built-demo.ts";
import { expectRest, layoutShift } from "./measure.ts";
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

/** The room's sentence when it shows a run of the present settings. */
async function verdict(page: BrowserPage): Promise<string> {
  await page.waitFor(
    () =>
      document.querySelector(".steer[data-busy=false]") &&
      /\d/.test(document.querySelector(".verdict .status")?.textContent ?? ""),
  );
  return page.text(".verdict .status");
}

/** The rows of the table with this number, at the end of the paths. */
async function rowsAtEnd(page: BrowserPage, table = 0): Promise<string[][]> {
  await verdict(page);
  await page.fill("input[name=moment]", 8);
  await page.evaluate(() => {
    const tables = document.querySelectorAll<HTMLDetailsElement>(".numbers");
    for (const details of Array.from(tables).slice(0, 2)) details.open = true;
  });
  await page.waitFor(() => document.querySelectorAll(".numbers tbody tr").length === 29);
  return page.evaluate(
    (i) =>
      Array.from(document.querySelectorAll(".numbers")[i].querySelectorAll("tbody tr"), (row) =>
        Array.from(row.children, (cell) => cell.textContent ?? ""),
      ),
    table,
  );
}

const pressed = (page: BrowserPage) =>
  page.evaluate(() =>
    Array.from(
      document.querySelectorAll(".steer-controls [aria-pressed=true]"),
      (button) => button.textContent?.trim() ?? "",
    ),
  );

/** The tests of this room, on the built demo. */
describe("Steer", () => {
  describeRoom("steer", enginesOf(), (room) => {
    test("guides points, measures them against the exact answer, and keeps all for a reload", async () => {
      const page = await room.visit("?scale=6&class=B");
      expect(await verdict(page)).toMatch(
        /^Distance 0\.\d{3}: guidance misses the exact answer\. .* \d+ times less\.$/,
      );
      await page.fill("input[name=scale]", 1);
      await page.waitFor(() =>
        document.querySelector(".verdict .status")?.textContent?.includes("cannot be told"),
      );
      await page.click("[data-data=clusters]");
      await page.click("[data-class=D]");
      await page.fill("input[name=scale]", 3);
      const points = await rowsAtEnd(page);
      expect(new Set(points.map((row) => row[3])).size).toBeGreaterThan(1);
      await page.goto(`${room.server().url}#/steer`);
      await page.reload();
      expect(await rowsAtEnd(page)).toEqual(points);
      expect(await pressed(page)).toEqual(["clusters", "B", "D", "a classifier"]);
      expect(await page.problems()).toEqual([]);
    });
  });

  describeRoom("steer", enginesOf(), (room) => {
    test("opens with a moving picture, without WebAssembly, in 90 kB of script, and nothing shifts", async () => {
      const page = await room.visit();
      // The picture plays once, and on a busy machine it may rest before the verdict is there.
      const first = await page.waitFor(
        () => document.querySelector(".playhead output")?.textContent ?? "",
      );
      await page.waitFor(
        (first) => document.querySelector(".playhead output")?.textContent !== first,
        first,
      );
      await verdict(page);
      const names = await page.evaluate(() =>
        performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname),
      );
      expect(names.filter((name) => name.endsWith(".wasm"))).toEqual([]);
      await room.expectLight();
      expect(await layoutShift(page)).toBeLessThan(0.02);
    });

    test("the classifier's slope and the two answers of one model bring the same points", async () => {
      const page = await room.visit("?scale=8&class=AC&kind=classifier");
      const numbers = (rows: string[][]) => rows.map((row) => [Number(row[1]), Number(row[2])]);
      const one = numbers(await rowsAtEnd(page));
      await page.click("[data-kind=free]");
      const other = numbers(await rowsAtEnd(page));
      one.flat().forEach((v, i) => expect(Math.abs(v - other.flat()[i])).toBeLessThanOrEqual(1e-3));
    });

    test("the arrows of model and classifier add up to the arrow of both", async () => {
      const page = await room.visit("?scale=2.5&class=A");
      const rows = await rowsAtEnd(page, 1);
      expect(rows).toHaveLength(9);
      for (const [, model, classifier, both] of rows.map((row) =>
        row.map((cell) => cell.split(", ").map(Number)),
      )) {
        for (const d of [0, 1]) {
          expect(Math.abs(model[d] + classifier[d] - both[d])).toBeLessThanOrEqual(0.0021);
        }
      }
    });

    test("measures the distance at each scale, and it grows with the scale", async () => {
      const page = await room.visit("?data=clusters&class=B&steps=20");
      await page.evaluate(() => {
        const tables = document.querySelectorAll<HTMLDetailsElement>(".numbers");
        tables[2].open = true;
      });
      await page.waitFor(
        () => document.querySelectorAll(".numbers")[2].querySelectorAll("td").length === 11,
      );
      const distances = await page.evaluate(() =>
        Array.from(document.querySelectorAll(".numbers")[2].querySelectorAll("td"), (cell) =>
          Number(cell.textContent),
        ),
      );
      expect(distances.slice(1)).toEqual(distances.slice(1).sort((a, b) => a - b));
      expect(distances[4].toFixed(3)).toBe(/0\.\d{3}/.exec(await verdict(page))?.[0]);
    });

    test("the code makes the page's points, for each kind of guidance", async () => {
      const kinds = [
        "?kind=classifier&class=A&scale=4&steps=6&seed=3",
        "?kind=free&class=AC&scale=2&steps=6&data=clusters",
        "?kind=free&class=B&scale=1.5&steps=6&data=moons",
        "?class=none&steps=6",
      ];
      for (const settings of allEngines ? kinds : kinds.slice(0, 2)) {
        const page = await room.visit(settings);
        const rows = await rowsAtEnd(page);
        const x = (await runCode(await shownCode(page), "x")) as Float64Array;
        expect(x).toHaveLength(2400);
        rows.forEach((row, i) => {
          expect(Math.abs(Number(row[1]) - x[2 * i])).toBeLessThanOrEqual(1e-3);
          expect(Math.abs(Number(row[2]) - x[2 * i + 1])).toBeLessThanOrEqual(1e-3);
        });
      }
    });

    test("gives guided points and exact draws as files", async () => {
      const page = await room.visit();
      const [first] = await rowsAtEnd(page);
      await page.evaluate(keepDownloads);
      await takeHome(page, "guided points (CSV)");
      await takeHome(page, "exact draws (CSV)");
      const saved = await page.evaluate(async () => {
        const { saved } = window as unknown as { saved: { name: string; text: Promise<string> }[] };
        return Promise.all(saved.map(async ({ name, text }) => ({ name, text: await text })));
      });
      expect(saved.map(({ name }) => name)).toEqual(["guided-points.csv", "exact-draws.csv"]);
      const lines = saved.map(({ text }) => text.trim().split("\n"));
      expect(lines.map(({ length }) => length)).toEqual([1201, 1201]);
      const guided = lines[0][1].split(",").map((v) => Number(v).toFixed(3));
      expect(guided).toEqual([first[1], first[2]]);
    });

    test("values of the address that are not allowed are said", async () => {
      const page = await room.visit("?scale=99&class=Z&steps=8");
      await verdict(page);
      expect(await page.text(".side .notice")).toBe(
        "Changed to what this room allows: scale, classes.",
      );
      expect(await page.text(".scale output")).toBe("10.0");
      expect(await pressed(page)).toEqual(["arms", "a classifier"]);
    });

    test("axe finds nothing, guided or not; a part of the formula tells what it means", async () => {
      const page = await room.visit("?class=none");
      await verdict(page);
      expect(await page.text(".pulls .meaning")).toContain("the model pulls alone");
      await page.click("[data-class=A]");
      await verdict(page);
      await page.focus("[data-pull=classifier]");
      expect(await page.text(".pulls .meaning")).toContain("where the class is likely");
      expect(await page.problems()).toEqual([]);
      await expectAccessible(page);
      await page.click("[data-class=A]");
      await verdict(page);
      expect(await axeProblems(page)).toEqual([]);
    });

    test("says in words that the sampler is missing, and “Play again” tries once more", async () => {
      const partial = await serve(
        { "/axe/": axeFolder, "/assets/function-step": "/missing", "/": builtDemo },
        { isolated: true },
      );
      const page = await room.visit();
      try {
        await page.goto(`${partial.url}#/steer`);
        await page.waitFor(() => document.querySelector(".verdict .error"));
        expect(await page.text(".verdict .error p")).toMatch(/^The points could not be guided/);
        expect(await axeProblems(page)).toEqual([]);
        await page.focus({ selector: ".steer-controls button", text: "Play again" });
        await page.press("Enter");
        await page.waitFor(() => document.querySelector(".verdict .error"));
        expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe(
          "Play again",
        );
      } finally {
        await partial.close();
      }
    });

    test("computes in the page where workers are blocked, under a strict policy", async () => {
      const own = "default-src 'self'; img-src 'self' data:; worker-src 'none'; object-src 'none'";
      const strict = await serve(
        { "/": builtDemo },
        { isolated: true, headers: { "content-security-policy": own } },
      );
      const page = await room.visit();
      try {
        await page.goto(`${strict.url}#/steer?scale=1`);
        expect(await verdict(page)).toContain("cannot be told");
        expect(await page.text(".side .note")).toContain("may not start workers");
      } finally {
        await strict.close();
      }
    });

    test("keeps the focus on every button; the keyboard alone moves scale and moment", async () => {
      const page = await room.visit();
      await verdict(page);
      await expectFocusKept(page);
      await page.focus("input[name=scale]");
      await page.press("Home");
      await page.press("ArrowRight");
      expect(await page.text(".scale output")).toBe("0.1");
      await page.focus("input[name=moment]");
      await page.press("Home");
      expect(await page.text(".playhead output")).toBe("log SNR = -5.0");
    });

    test("fits 320 pixels, and shows picture and verdict in a phone's first screen", async () => {
      const page = await room.visit("?data=clusters", sizes.phone);
      await verdict(page);
      const bottom = await page.evaluate(
        () => document.querySelector(".verdict")?.getBoundingClientRect().bottom ?? Infinity,
      );
      expect(bottom).toBeLessThan(sizes.phone[1]);
      await page.resize(320, 640);
      expect(await overflow(page)).toBe(0);
    });

    test("while the scale is dragged, the live line changes at most once in two seconds", async () => {
      const page = await room.visit();
      await verdict(page);
      await page.evaluate(() => {
        const changes: number[] = [];
        Object.assign(window, { changes });
        const live = document.querySelector(".verdict [role=status]") as Element;
        new MutationObserver(() => changes.push(performance.now())).observe(live, {
          subtree: true,
          childList: true,
          characterData: true,
        });
      });
      for (const scale of [1, 2, 3, 5, 7, 9]) {
        await page.fill("input[name=scale]", scale);
        await verdict(page);
      }
      const changes = await page.evaluate(
        () => (window as unknown as { changes: number[] }).changes,
      );
      changes.slice(1).forEach((at, i) => expect(at - changes[i]).toBeGreaterThan(2000));
    });
  });

  describeRoom(
    "steer",
    enginesOf(),
    (room) => {
      test("with reduced motion, shows stills and requests no animation frame after them", async () => {
        const page = await room.visit();
        await verdict(page);
        await new Promise((resolve) => setTimeout(resolve, 300));
        await expectRest(page);
        expect(await page.text(".playhead output")).toBe("log SNR = 8.0");
      });
    },
    { reducedMotion: true },
  );
});
