import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Palette, svgSurface } from "@gen/figures";
import { describe, expect, it } from "vitest";
import type { LessonFigure } from "../figures/lesson-figure.ts";
import { figure as weather } from "../figures/weather.ts";
import { fencesOf } from "../scripts/fences.mjs";

const docs = join(import.meta.dirname, "..");
const names = readdirSync(join(docs, "lessons")).filter(
  (name) => name.endsWith(".md") && name !== "index.md",
);
const read = (path: string) => readFileSync(join(docs, path), "utf8");

/** What a page's tags say, in order. */
const tags = (text: string, name: string, attribute: string) =>
  Array.from(
    text.matchAll(new RegExp(`<${name}\\b[^>]*?\\s:?${attribute}="([^"]*)"`, "g")),
    (m) => m[1],
  );

const palette = Object.fromEntries(
  ["ground", "wash", "ink", "soft", "hair", "x0", "z", "eps", "eta"].map((name) => [name, "#111"]),
) as Palette;

describe.each(names)("%s", (name) => {
  const pages = { en: read(`lessons/${name}`), zh: read(`zh/lessons/${name}`) };

  it("has one figure, two exercises, a link to the demo and the texts' differences", () => {
    for (const text of Object.values(pages)) {
      expect(tags(text, "LessonFigure", "name")).toHaveLength(1);
      expect(tags(text, "LessonExercise", "answer")).toHaveLength(2);
      expect(tags(text, "OpenInDemo", "room").length).toBeGreaterThan(0);
      expect(text).toMatch(/^## (Where texts differ|.*\{#where-texts-differ\})$/m);
      expect(fencesOf(text).length).toBeGreaterThan(2);
    }
  });

  it("has the same figure, exercises, formulas and links to the demo in both languages", () => {
    const facts = (text: string) => ({
      head: /^---\n([\s\S]*?)\n---/.exec(text)?.[1],
      figure: tags(text, "LessonFigure", "name"),
      answers: tags(text, "LessonExercise", "answer"),
      tolerances: tags(text, "LessonExercise", "tolerance"),
      rooms: tags(text, "OpenInDemo", "room"),
      formulas: text.match(/\$\$/g)?.length,
    });
    expect(facts(pages.zh)).toEqual(facts(pages.en));
  });

  it("reaches each exercise's answer in the code of its solution, which runs as a fence", () => {
    const exercises = pages.en.split(/(?=<LessonExercise\b)/).slice(1);
    for (const exercise of exercises) {
      const [answer] = tags(exercise, "LessonExercise", "answer");
      const solution = /<template #answer>([\s\S]*?)<\/template>/.exec(exercise)?.[1] ?? "";
      const shown = fencesOf(solution).flatMap(({ code }) =>
        Array.from(code.matchAll(/\/\/ => (-?[\d.e-]+)$/gm), (m) => Number(m[1])),
      );
      const digits = answer.split(".")[1]?.length ?? 0;
      const reached = shown.some(
        (v) => Math.abs(v - Number(answer)) <= 0.5 * 10 ** -digits + 1e-12,
      );
      expect(reached, `${answer} in ${shown}`).toBe(true);
    }
  });

  it("says how many decimals an answer has, and does not give it away before", async () => {
    const counts = ["", "one", "two", "three", "four", "five"];
    const chineseCounts = ["", "一", "两", "三", "四", "五"];
    const [figureName] = tags(pages.en, "LessonFigure", "name");
    const { figure }: { figure: LessonFigure } = await import(
      join(docs, "figures", `${figureName}.ts`)
    );
    for (const [language, text] of Object.entries(pages)) {
      const [above, ...exercises] = text.split(/(?=<LessonExercise\b)/);
      const [shows] = tags(above, "LessonFigure", "shows");
      const shown = Object.entries(figure.shown(figure.control.start))
        .filter(([name]) => shows.includes(`{${name}}`))
        .map(([, value]) => value);
      const given = [...shown, ...(above.match(/-?\d+\.\d+/g) ?? []).map(Number)];
      for (const exercise of exercises) {
        const [answer] = tags(exercise, "LessonExercise", "answer");
        const [tolerance] = tags(exercise, "LessonExercise", "tolerance");
        const digits = answer.split(".")[1]?.length ?? 0;
        const near = Number(tolerance ?? 0.5 * 10 ** -digits);
        expect(near, `${answer}: a whole number has a tolerance`).toBeLessThan(0.1);
        const [question] = exercise.split("<template");
        if (digits > 0) {
          expect(question).toContain(
            language === "en" ? `${counts[digits]} decimal` : `保留${chineseCounts[digits]}位小数`,
          );
        }
        expect(given.filter((v) => Math.abs(v - Number(answer)) <= near)).toEqual([]);
      }
    }
  });

  it("has a figure that is drawn at each place of its control, from finite numbers", async () => {
    const [figureName] = tags(pages.en, "LessonFigure", "name");
    const module = await import(join(docs, "figures", `${figureName}.ts`));
    const figure: LessonFigure = module.figure;
    const { min, max, start } = figure.control;
    expect(start).toBeGreaterThanOrEqual(min);
    expect(start).toBeLessThanOrEqual(max);
    const drawings = [min, start, max].map((at) => {
      const shown = figure.shown(at);
      expect(Object.values(shown).every(Number.isFinite)).toBe(true);
      const surface = svgSurface({ width: 640, height: 320 });
      figure.draw(surface, { width: 640, height: 320 }, palette, { at });
      return surface.svg();
    });
    for (const svg of drawings) expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(new Set(drawings).size).toBeGreaterThan(1);
    // Each number that the page names is one that the figure has.
    for (const text of Object.values(pages)) {
      const [shows] = tags(text, "LessonFigure", "shows");
      const named = Array.from(shows.matchAll(/\{(\w+)\}/g), ([, number]) => number);
      expect(named.length).toBeGreaterThan(0);
      expect(Object.keys(figure.shown(start))).toEqual(expect.arrayContaining(named));
    }
  });
});

it("says in the weather's figure that each day keeps the weather with one probability", () => {
  const { today, known, other } = weather.shown(0.8);
  for (const probability of [today, known, other]) expect(probability).toBeCloseTo(0.8, 12);
});

it("has fourteen lessons in order, which cover each displayed formula of the tutorial once", () => {
  const heads = names.map((name) => read(`lessons/${name}`));
  const orders = heads.map((text) => Number(/^order: *(\d+)$/m.exec(text)?.[1]));
  expect(orders.sort((a, b) => a - b)).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
  const formulas = heads.flatMap((text) =>
    (/^formulas: *\[([\d, ]*)\]$/m.exec(text)?.[1] ?? "").split(",").filter(Boolean).map(Number),
  );
  expect(formulas.sort((a, b) => a - b)).toEqual(Array.from({ length: 36 }, (_, i) => i + 1));
});
