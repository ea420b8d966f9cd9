import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { classes, classRows, fieldRows, source } from "./scheduler-fields.ts";

const docs = dirname(import.meta.dirname);
const pages = ["guide/migrate-diffusers.md", "zh/guide/migrate-diffusers.md"];
const write = process.env.GEN_WRITE_TABLES === "1";

const fields = fieldRows();

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

/** A markdown table of a page, between the comments that name it. */
function table(name: string, head: readonly string[], rows: readonly (readonly string[])[]) {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
  const lines = [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)];
  return `<!-- ${name} -->\n\n${lines.join("\n")}\n\n<!-- end of ${name} -->`;
}

const heads = {
  classes: [
    ["class of diffusers", "sampler", "fields"],
    ["diffusers 的类", "采样器", "字段数"],
  ],
  fields: [
    ["field", "followed", "passed over", "refused"],
    ["字段", "遵循", "不起作用", "拒绝"],
  ],
};

const rowsOf = {
  classes: () =>
    classRows().map(({ name, sampler, fields }) => [
      `\`${name}\``,
      sampler === name ? "" : `\`${sampler}\``,
      String(fields),
    ]),
  fields: () =>
    fields.map(({ name, by }) => {
      const all = by.followed.length + by.none.length + by.refused.length;
      const share = by.followed.length === all ? String(all) : `${by.followed.length} / ${all}`;
      return [`\`${name}\``, share, code(by.none), code(by.refused)];
    }),
};

it.each(["classes", "fields"] as const)("the table of %s is what the library does", (name) => {
  const rows = rowsOf[name]();
  for (const [i, page] of pages.entries()) {
    const path = join(docs, page);
    const text = readFileSync(path, "utf8");
    const shown = new RegExp(`<!-- ${name} -->[^]*<!-- end of ${name} -->`);
    const made = table(name, heads[name][i], rows);
    if (write)
      writeFileSync(
        path,
        text.replace(shown, () => made),
      );
    else expect(shown.exec(text)?.[0], `${page}: run with GEN_WRITE_TABLES=1`).toBe(made);
  }
});

it("knows every class of diffusers' reference, and finds each kind of effect", () => {
  expect(source).toContain("diffusers 0.39");
  expect(Object.keys(classes)).toHaveLength(37);
  const one = (name: string) => fields.find((row) => row.name === name)?.by;
  // Facts of diffusers' source: a Brownian tree's seed is no part of a table, LCM spaces by its own
  // rule, and a solver as an object is in no JSON.
  expect(one("noise_sampler_seed")?.none).toEqual(["DPMSolverSDE"]);
  expect(one("timestep_spacing")?.none).toEqual(["LCM", "TCD"]);
  expect(one("solver_p")?.refused).toEqual(["UniPCMultistep"]);
  expect(one("use_karras_sigmas")?.followed).toHaveLength(14);
});
