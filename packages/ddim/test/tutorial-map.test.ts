import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const DISPLAYED = 36;

/** Whether a package exports a name, or a namespace that has it. */
function exported(name: string, of: string): boolean {
  const index = read(`packages/${of}/src/index.ts`);
  const [first, second] = name.split(".");
  if (!second) return new RegExp(`export \\{[^}]*\\b${first}\\b[^}]*\\}`).test(index);
  const path = index.match(new RegExp(`export \\* as ${first} from "\\./([^"]+)"`))?.[1];
  return path !== undefined && read(`packages/${of}/src/${path}`).includes(`function ${second}(`);
}

for (const file of ["docs/tutorial-map.md", "docs/tutorial-map.zh.md"]) {
  describe(file, () => {
    const text = read(file);
    const rows = text.split("\n").filter((line) => /^\| .*`@gen\//.test(line));

    it("has a row for every displayed formula, in order", () => {
      const numbers = rows.flatMap((row) => row.match(/^\| (\d+) \|/)?.[1] ?? []);
      expect(numbers.map(Number)).toEqual(Array.from({ length: DISPLAYED }, (_, i) => i + 1));
      expect(rows.length).toBeGreaterThan(DISPLAYED);
    });

    it("names functions that are exported", () => {
      for (const row of rows) {
        const functions = [...row.matchAll(/`@gen\/([\w-]+)` `([\w.]+)`/g)];
        expect(functions.length, row).toBeGreaterThan(0);
        for (const [, of, name] of functions) {
          expect(exported(name, of), `${name} of @gen/${of}`).toBe(true);
        }
      }
      expect(exported("nothing", "math")).toBe(false);
      expect(exported("normal.nothing", "math")).toBe(false);
    });

    it("names tests that exist", () => {
      for (const row of rows) {
        const tests = [...row.matchAll(/\]\(\.\.\/([^)]+)\) "((?:[^"\\]|\\.)+)"/g)];
        expect(tests.length, row).toBeGreaterThan(0);
        for (const [, path, title] of tests) {
          const plain = title.replaceAll("\\|", "|");
          expect(read(path).includes(plain), `${path}: ${plain}`).toBe(true);
        }
      }
    });
  });
}
