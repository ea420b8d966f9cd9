import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectReflection } from "typedoc";
import { beforeAll, describe, expect, it } from "vitest";
import { webAddress } from "../../../tooling/release/repository.mjs";
import {
  checkReference,
  incompleteGroup,
  repeatedSymbols,
  strayGroups,
  ungroupedSymbols,
  unknownSymbols,
  wrongTests,
} from "../typedoc/check-reference.mjs";
import { type Group, parseGroup, readGroups } from "../typedoc/groups.mjs";
import { planReference } from "../typedoc/reference-pages.mjs";
import { entryIndex, groupPage } from "../typedoc/reference-text.mjs";
import { sourceLink } from "../typedoc/repository.mjs";
import { smallProject } from "./small-project.ts";

const head = `---
title: Adding
titleZh: 加法
symbols: [add, Add]
lesson: ddim
tests: [packages/math/test/json.test.ts]
formula: yes
---
`;
const body =
  'Adds. $$a + b$$\n\n```ts\nimport { add } from "@gen/math";\nadd(1, 2); // => 3\n```\n';
const group = (text = head + body, chinese?: string): Group =>
  parseGroup("math", "adding", text, chinese);

let project: ProjectReflection;
beforeAll(async () => {
  project = await smallProject();
}, 60_000);

const plan = (groups: Group[]) => planReference(project, groups);

describe("the reference fails the build", () => {
  const problems = (groups: Group[]) => checkReference(plan(groups), groups);

  it("for a symbol in no group", () => {
    const [entry] = plan([group()]).entries;
    expect(ungroupedSymbols(entry)).toEqual([
      "@gen/math exports inline, which no group describes",
      "@gen/math exports silent, which no group describes",
    ]);
  });

  it("for a name that the entry point does not export, such as a type used by an export", () => {
    const wrong = group(head.replace("[add, Add]", "[add, AddOptions, nothing]") + body);
    expect(unknownSymbols(plan([wrong]).entries[0], wrong)).toEqual([
      "symbols/math/adding.md names AddOptions, which @gen/math does not export",
      "symbols/math/adding.md names nothing, which @gen/math does not export",
    ]);
  });

  it("for a symbol in two groups, and a folder of no entry point", () => {
    expect(repeatedSymbols([group(), group()])).toHaveLength(2);
    const stray = { ...group(), entry: "nowhere" };
    const json = { ...group(), slug: "json" };
    const { entries } = plan([json]);
    expect(strayGroups(entries, [json])).toEqual([]);
    expect(strayGroups([{ ...entries[0], address: "reference/math/json" }], [json])).toEqual([
      "symbols/math/adding.md has the address of an entry point",
    ]);
    expect(problems([stray])).toContain(
      "symbols/math/adding.md is in the folder of no entry point",
    );
  });

  it("for a field, a formula, an example, a result or a lesson that is missing", () => {
    expect(incompleteGroup(group())).toEqual([]);
    const of = (text: string) =>
      incompleteGroup(group(text)).map((line) => line.replace("symbols/math/adding.md ", ""));
    for (const field of ["title", "titleZh", "symbols", "lesson", "tests", "formula"]) {
      const text = head.replace(new RegExp(`^${field}:.*\n`, "m"), "") + body;
      expect(of(text)).toEqual([`has no ${field}`]);
    }
    expect(of(head + body.replace(/\$\$.*\$\$/, ""))).toEqual([
      "has no formula, and its head says that it has one",
    ]);
    expect(of(`${head}$a$ only`)).toEqual(["has no example"]);
    expect(of(head + body.replace(" // => 3", ""))).toEqual([
      "has no example with a checked result",
    ]);
    expect(of(head.replace("lesson: ddim", "lesson: [ddim, dim]") + body)).toEqual([
      "names the lesson dim, which is not in lessons",
      "names the lesson dim, which is not in zh/lessons",
    ]);
    expect(
      of(
        head.replace("formula: yes", "formula: none").replace("lesson: ddim", "lesson: none") +
          body,
      ),
    ).toEqual([]);
  });

  it("for a Chinese twin with other code or formulas", () => {
    expect(incompleteGroup(group(head + body, body.replace("Adds.", "相加。")))).toEqual([]);
    for (const [text, other] of [
      ["1, 2", "1, 3"],
      ["a + b", "a - b"],
    ])
      expect(incompleteGroup(group(head + body, body.replace(text, other)))).toHaveLength(1);
  });

  it("for a Chinese twin without an English page", () => {
    const folder = mkdtempSync(join(tmpdir(), "gen-groups-"));
    mkdirSync(join(folder, "math"));
    writeFileSync(join(folder, "math", "a.zh.md"), "甲");
    expect(() => readGroups(folder)).toThrow("symbols/math/a.zh.md has no English page beside it");
    writeFileSync(join(folder, "math", "a.md"), head + body);
    expect(readGroups(folder)[0]).toMatchObject({ title: "Adding", bodyZh: "甲" });
    rmSync(folder, { recursive: true });
  });

  it("for a test that does not exist, that tests another package, or that uses no symbol", () => {
    const [entry] = plan([group()]).entries;
    const of = (text: string | undefined, path = "tooling/a.test.ts") =>
      wrongTests(entry, { ...group(), tests: [path] }, () => text);
    expect(of('import { add } from "@gen/math";')).toEqual([]);
    expect(of('import { add } from "../src/index.ts";', "packages/math/test/a.test.ts")).toEqual(
      [],
    );
    expect(of(undefined)[0]).toContain("does not exist");
    expect(of('import { add } from "@gen/ddim";')[0]).toContain("does not import @gen/math");
    expect(of('import { mul } from "@gen/math";')[0]).toContain("use none of its symbols");
  });

  it("for a symbol, a parameter or a field without a description", () => {
    expect(problems([group()])).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/add: the parameter b has no description/),
        expect.stringMatching(/AddOptions\.bare has no description/),
        expect.stringMatching(/inline: options\.two has no description/),
      ]),
    );
    expect(problems([group()]).join("\n")).toMatch(/silent has no description/);
    expect(problems([group()]).join("\n")).not.toMatch(
      /parameter (a|options|other)|options\.one|rest|Other|value/,
    );
  });
});

describe("a page of the reference", () => {
  const page = (language: "en" | "zh") => {
    const { entries, linkTo } = plan([group()]);
    return groupPage(entries[0].pages[0], entries[0], { language, linkTo }, (name) => name);
  };

  it("describes each symbol once, with the types that it uses", () => {
    const text = page("en");
    expect(text.match(/^#+ .*$/gm)).toEqual([
      "# Adding {#page}",
      "## add {#add}",
      "## Add {#add-type}",
      "## AddOptions {#addoptions}",
    ]);
    expect(text).toContain("| Where to. Default: the end of a. |");
    expect(text).toContain("| `rest?` | <code>number</code> | Added at the end. Default: `0`. |");
    expect(text).toContain(
      "| `options` | <code>[AddOptions](/reference/math/adding#addoptions)</code> | How to add. |",
    );
    expect(text).toContain("- RangeError when a is negative.");
    expect(text).toContain("(/lessons/ddim)");
  });

  it("escapes what Vue, markdown or KaTeX would interpret", () => {
    expect(page("en")).toContain("Adds &lt; two &#36;numbers.");
    expect(page("en")).toContain("<code>number &#124; undefined</code>");
  });

  it("has Chinese words, and says that descriptions are not translated", () => {
    const text = page("zh");
    expect(text).toMatch(/^# 加法 \{#page\}$/m);
    for (const word of ["参数", "抛出", "字段", "源码：", "测试：", "课", "尚未译成中文"])
      expect(text).toContain(word);
    expect(text).toContain("(/zh/lessons/ddim)");
  });

  it("is linked from the entry point's index and from the other entry points that export it", () => {
    const { entries, linkTo } = plan([group()]);
    const [, ddim] = entries;
    expect(entryIndex(entries[0], { language: "en", linkTo })).toContain(
      '<span id="add"></span>[`add`](/reference/math/adding#add)',
    );
    expect(entryIndex(ddim, { language: "en", linkTo })).toContain(
      "[`add`](/reference/math/adding#add)",
    );
    expect(entryIndex(ddim, { language: "en", linkTo })).toContain(
      "[`Other`](/reference/ddim#other)",
    );
  });

  it("has a table of a namespace's constants, and its functions by their full names", () => {
    const { entries, linkTo } = plan([]);
    const text = entryIndex(entries[1], { language: "en", linkTo });
    expect(text).toContain(
      '| <span id="tools-k-1"></span>`K_1` | <code>number</code> | A constant. |',
    );
    expect(text).toContain("### tools.twice {#tools-twice}");
    expect(text).toContain("function twice(n: number): number");
  });

  it("says in Chinese what is translated", () => {
    const { entries, linkTo } = plan([group(head + body, "相加。")]);
    const [{ pages }] = entries;
    const text = groupPage(pages[0], entries[0], { language: "zh", linkTo }, (name) => name);
    expect(text).toContain("相加。");
    expect(text).toContain("各个符号的说明尚未译成中文");
  });

  it("links to the repository once its address is known", () => {
    expect(webAddress({ url: "git+https://example.org/gen.git" })).toBe("https://example.org/gen");
    expect(sourceLink("a.ts", 3, "https://example.org/gen")).toBe(
      '<a href="https://example.org/gen/blob/main/a.ts#L3"><code>a.ts</code></a>',
    );
    expect(sourceLink("a.ts", 3, undefined)).toBe("<code>a.ts</code>");
  });
});

it("the groups of this repository have an address each", () => {
  const addresses = readGroups().map(({ entry, slug }) => `${entry}/${slug}`);
  expect(new Set(addresses).size).toBe(addresses.length);
});
