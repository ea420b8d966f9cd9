import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const files = readdirSync(join(root, "packages"))
  .flatMap((name) =>
    readdirSync(join(root, "packages", name, "src"), { encoding: "utf8", recursive: true })
      .filter((file) => /(^|[\\/-])limits\.ts$/.test(file))
      .map((file) => join(root, "packages", name, "src", file)),
  )
  .sort();

const units: Readonly<Record<string, number>> = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 };

/** The rows of a page: constants and their values. */
function rowsOf(page: string): Record<string, number> {
  const text = readFileSync(join(root, "apps/docs", page), "utf8");
  const rows = [...text.matchAll(/^\|[^|]*\| ([\d,]+)( [KMG]iB)? \| `(MAX_\w+)` \| [^|]+ \|$/gm)];
  return Object.fromEntries(
    rows.map(([, digits, unit, name]) => [
      name,
      Number(digits.replaceAll(",", "")) * (units[unit?.trim()] ?? 1),
    ]),
  );
}

test.each(["guide/limits.md", "zh/guide/limits.md"])("%s lists every limit", async (page) => {
  expect(files.length).toBeGreaterThanOrEqual(4);
  const modules = await Promise.all(files.map((file) => import(file)));
  const limits = Object.assign({}, ...modules) as Record<string, number>;
  expect(Object.keys(limits).length).toBeGreaterThan(20);
  expect(rowsOf(page)).toEqual({ ...limits });
});
