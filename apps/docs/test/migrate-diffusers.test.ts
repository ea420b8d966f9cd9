import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { classes, classRows, fieldRows, source } from "./scheduler-fields.ts";

const docs = dirname(import.meta.dirname);
const pages = ["guide/migrate-diffusers.md", "zh/guide/migrate-diffusers.md"];
const write = process.env.GEN_WRITE_TABLES === "1";

const fields = fieldRows();

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

/** A list of names and a markdown table, between the comments that a page has for them. */
function block(
  name: string,
  [list, ...head]: readonly string[],
  { names, rows }: { names: readonly string[]; rows: readonly (readonly string[])[] },
): string {
  const line = (cells: readonly string[]) =>
    `|${cells.map((c) => (c ? ` ${c} ` : " ")).join("|")}|`;
  const lines = [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)];
  const parts = [`<!-- ${name} -->`, lines.join("\n"), `${list}${code(names)}`];
  return [...parts, `<!-- end of ${name} -->`].join("\n\n");
}

const words = {
  classes: [
    ["By their class alone: ", "class of diffusers", "sampler"],
    ["只按类名使用的：", "diffusers 的类", "采样器"],
  ],
  fields: [
    ["Followed by every class that has them: ", "field", "followed", "passed over", "refused"],
    ["凡有此字段的类都遵循的：", "字段", "遵循", "不起作用", "拒绝"],
  ],
};

const contents = {
  classes() {
    const rows = classRows();
    const named = rows.filter(({ name, sampler }) => sampler !== name);
    const unnamed = rows.filter(({ name, sampler }) => sampler === name);
    return {
      names: unnamed.map(({ name }) => name),
      rows: named.map(({ name, sampler }) => [`\`${name}\``, `\`${sampler}\``]),
    };
  },
  fields() {
    const all = ({ by }: (typeof fields)[number]) =>
      by.none.length === 0 && by.refused.length === 0;
    return {
      names: fields.filter(all).map(({ name }) => name),
      rows: fields
        .filter((row) => !all(row))
        .map(({ name, by: { followed, none, refused } }) => {
          const share = `${followed.length} / ${followed.length + none.length + refused.length}`;
          return [`\`${name}\``, share, code(none), code(refused)];
        }),
    };
  },
};

it.each(["classes", "fields"] as const)("the table of %s is what the library does", (name) => {
  const content = contents[name]();
  expect(content.names.length + content.rows.length).toBe(name === "classes" ? 37 : 67);
  for (const [i, page] of pages.entries()) {
    const path = join(docs, page);
    const text = readFileSync(path, "utf8");
    const shown = new RegExp(`<!-- ${name} -->[^]*<!-- end of ${name} -->`);
    const made = block(name, words[name][i], content);
    if (write) {
      writeFileSync(
        path,
        text.replace(shown, () => made),
      );
    } else expect(shown.exec(text)?.[0], `${page}: run with GEN_WRITE_TABLES=1`).toBe(made);
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
