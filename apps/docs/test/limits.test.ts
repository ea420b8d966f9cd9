import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mostMemory } from "../../../tooling/fuzz/judge.mjs";

/*
 * The page "Limits". Its values come from the constants: GEN_WRITE_PAGES=1 writes them.
 */

const root = join(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const files = readdirSync(join(root, "packages"))
  .flatMap((name) =>
    readdirSync(join(root, "packages", name, "src"), { encoding: "utf8", recursive: true })
      .filter((file) => /(^|[\\/-])limits\.ts$/.test(file))
      .map((file) => join(root, "packages", name, "src", file)),
  )
  .sort();
const modules = await Promise.all(files.map((file) => import(file)));
// A module may have functions beside its limits.
const limits: Record<string, number> = Object.fromEntries(
  modules.flatMap((module) => Object.entries(module)).filter(([, v]) => typeof v === "number"),
) as Record<string, number>;

/** A number of the demo's source; `4 * 2 ** 20` is 2 to the 22nd. */
function demoLimit(file: string, pattern: RegExp): number {
  const [, text = ""] = pattern.exec(read(file)) ?? [];
  const [factor, power = "0"] = text.replaceAll("_", "").split(" * 2 ** ");
  return Number(factor) * 2 ** Number(power);
}

/** The limits of the demo, in the order of the page's table. */
const demoLimits = [
  demoLimit("packages/figures/src/postcard/link.ts", /const MAX_CODE = ([\d_]+);/),
  demoLimit("packages/figures/src/postcard/picture.ts", /const maxCells = ([\d_]+);/),
  demoLimit("apps/demo/src/pages/postcard/read-points.ts", /bytes: ([\d_* ]+),/),
  demoLimit("apps/demo/src/pages/postcard/read-points.ts", /points: ([\d_]+) /),
];

const units = [
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
] as const;

/** A limit as the page shows it: in GiB or MiB where bytes or characters are such a whole number. */
function shown(value: number, label: string): string {
  const isBytes = /bytes|characters|字节数|字符数/.test(label);
  const [unit, size] = units.find(([, size]) => isBytes && value % size === 0) ?? ["", 1];
  return `${(value / size).toLocaleString("en-US")}${unit && ` ${unit}`}`;
}

/** The page with the values of the constants in its tables. */
function withValues(text: string): { text: string; names: string[] } {
  const names: string[] = [];
  const packages = text.replace(
    /^(\|([^|]*)\|)[^|]*(\| `(MAX_\w+)` \|)/gm,
    (_, start: string, label: string, end: string, name: string) => {
      names.push(name);
      return `${start} ${shown(limits[name] ?? Number.NaN, label)} ${end}`;
    },
  );
  const [before, apps] = packages.split(/(?=^## .*\{#apps\}$)/m);
  const [, ...rows] = apps.split(/(?<=^\|---\|---\|---\|\n)/m);
  let row = 0;
  const demo = rows
    .join("")
    .replace(
      /^(\|([^|]*)\|)[^|]*\|/gm,
      (_, start: string, label: string) => `${start} ${shown(demoLimits[row++], label)} |`,
    );
  expect(row).toBe(demoLimits.length);
  return { text: before + apps.slice(0, apps.length - rows.join("").length) + demo, names };
}

test.each(["guide/limits.md", "zh/guide/limits.md"])("%s has every limit's value", (page) => {
  expect(files.length).toBeGreaterThanOrEqual(4);
  expect(Object.keys(limits).length).toBeGreaterThan(20);
  for (const value of demoLimits) expect(value).toBeGreaterThan(0);
  const text = read(`apps/docs/${page}`);
  const wanted = withValues(text);
  expect([...new Set(wanted.names)].sort()).toEqual(Object.keys(limits).sort());
  if (process.env.GEN_WRITE_PAGES === "1")
    writeFileSync(join(root, "apps/docs", page), wanted.text);
  else expect(text, `GEN_WRITE_PAGES=1 writes ${page}`).toBe(wanted.text);
});

test.each(["guide/limits.md", "zh/guide/limits.md"])("%s says what the fuzzer checks", (page) => {
  const text = read(`apps/docs/${page}`);
  expect(mostMemory(1, 0) - mostMemory(0, 0)).toBe(10);
  expect(mostMemory(0, 0)).toBe(64 * 2 ** 20);
  expect(text).toMatch(/10 times the file plus 64 MiB|文件的 10 倍加 64 MiB/);
  const [, seconds] = /const seconds = allEngines \? "[\d.]+" : "([\d.]+)"/.exec(
    read("tooling/fuzz/fuzz.test.ts"),
  ) ?? [""];
  expect(text).toMatch(new RegExp(` ${seconds} (seconds with each reader|秒)`));
});
