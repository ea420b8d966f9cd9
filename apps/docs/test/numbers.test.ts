import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { homeNumbers, shownRows } from "../.vitepress/theme/numbers.data.ts";

const results = readFileSync(join(import.meta.dirname, "../../../bench/RESULTS.md"), "utf8");

test("the home page's numbers are those of a quiet machine, with their conditions", () => {
  const numbers = homeNumbers(results);
  expect(numbers.length).toBeGreaterThan(3);
  for (const { ours, peer, ratio, machine } of numbers) {
    const line = results
      .split("\n")
      .find((each) => [ours, peer, ratio].every((value) => each.includes(value)));
    expect(line).toBeDefined();
    // The ratio is the median of the rounds' ratios, not the ratio of the medians.
    const ofMedians = Number.parseFloat(peer) / Number.parseFloat(ours);
    expect(Math.abs(Number.parseFloat(ratio) / ofMedians - 1)).toBeLessThan(0.1);
    expect(machine).toMatch(/^\d{4}-\d\d-\d\d; .*\d cores?, .*Node \d+/);
  }
});

test("a row of a busy machine is left out, and a row that is gone stops the build", () => {
  const section = shownRows[0][1];
  const start = results.indexOf(`## ${section}\n`);
  const busy = `${results.slice(0, start)}${results
    .slice(start)
    .replace("\n- 20", "\n- **the machine was busy, times are not to be trusted**\n- 20")}`;
  const ids = homeNumbers(busy).map(({ id }) => id);
  expect(ids).not.toContain(shownRows[0][0]);
  expect(ids).toContain(shownRows[1][0]);
  expect(() => homeNumbers(results.replace(section, "Another"))).toThrow(`no row "`);
});
