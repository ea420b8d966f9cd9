import { readFileSync, writeFileSync } from "node:fs";
import { schedulerSteps } from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import { describe, expect, it, test } from "vitest";
import {
  type Case,
  caseClasses,
  casesOf,
  optionsOf,
  run,
} from "../../../tooling/fixtures/class-cases.ts";
import { type DifferenceRow, differenceRows } from "./difference-rows.ts";

/** Numbers, or why there are none. */
type Outcome = { readonly numbers: readonly number[] } | { readonly error: string };

/** The table of the page "Schedulers". GEN_WRITE_DIFFERENCES=1 writes it. */
type Table = readonly (DifferenceRow & {
  readonly diffusers: Outcome;
  readonly byDefault: Outcome;
  readonly notes: readonly string[];
})[];

const file = new URL("../.vitepress/differences.generated.json", import.meta.url);

const table = (row: Pick<DifferenceRow, "config" | "options">, name: string, compat: boolean) =>
  schedulerSteps(readSchedulerConfig({ _class_name: `${name}Scheduler`, ...row.config }), {
    ...optionsOf(row.options),
    ...(compat && { compat: "diffusers" }),
  });

function outcomeOf(row: DifferenceRow, make: () => ReturnType<typeof schedulerSteps>): Outcome {
  try {
    const { steps, clip, initialScale } = make();
    const times = steps.map(({ t }) => t);
    if (row.shows === "firstTimes") return { numbers: times.slice(0, 3) };
    if (row.shows === "lastTimes") return { numbers: times.slice(-3) };
    if (row.shows === "lastNoise") return { numbers: [steps[steps.length - 1].next.noise] };
    return { numbers: run(steps, clip, initialScale) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** A case of the reference files: what diffusers itself gave. */
function reference({ config, options, shows, classes }: DifferenceRow): Outcome | undefined {
  const same = (one: Case) =>
    JSON.stringify(sorted(one.config)) === JSON.stringify(sorted(config)) &&
    JSON.stringify(sorted(one.options)) === JSON.stringify(sorted(options));
  const found = casesOf(`${classes[0]}Scheduler`).find(same);
  if (found?.error !== undefined) return { error: found.error };
  if (!found || shows === "lastNoise") return undefined;
  const { sample = [], timesteps = [] } = found;
  if (shows === "firstTimes") return { numbers: timesteps.slice(0, 3) };
  return { numbers: shows === "lastTimes" ? timesteps.slice(-3) : sample };
}

const sorted = (fields: object) =>
  Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));

const rounded = (outcome: Outcome): Outcome =>
  "error" in outcome ? outcome : { numbers: outcome.numbers.map((v) => Number(v.toPrecision(12))) };

const computed: Table = differenceRows.map((row) => {
  const [name] = row.classes;
  const byDefault = outcomeOf(row, () => table(row, name, false));
  const diffusers = reference(row) ?? outcomeOf(row, () => table(row, name, true));
  const notes = "error" in byDefault ? [] : table(row, name, false).notes;
  return { ...row, diffusers: rounded(diffusers), byDefault: rounded(byDefault), notes };
});

if (process.env.GEN_WRITE_DIFFERENCES === "1") {
  writeFileSync(file, `${JSON.stringify(computed, undefined, 2)}\n`);
}

test("the written table has these rows and numbers", () => {
  const written: Table = JSON.parse(readFileSync(file, "utf8"));
  const shape = (rows: Table) =>
    rows.map(({ diffusers, byDefault, ...row }) => ({
      ...row,
      errors: [diffusers, byDefault].map((one) => ("error" in one ? one.error : undefined)),
    }));
  expect(shape(computed)).toEqual(shape(written));
  const numbers = (rows: Table) =>
    rows.flatMap(({ diffusers, byDefault }) =>
      [diffusers, byDefault].flatMap((one) => ("error" in one ? [] : one.numbers)),
    );
  const wanted = numbers(written);
  const got = numbers(computed);
  expect(got).toHaveLength(wanted.length);
  for (const [i, v] of wanted.entries()) {
    expect(Math.abs(got[i] - v)).toBeLessThan(1e-10 * Math.max(1, Math.abs(v)));
  }
});

it.each(computed)("$classes.0: $title.en", ({ diffusers, byDefault, notes }) => {
  expect(byDefault).not.toEqual(diffusers);
  expect("numbers" in diffusers || "numbers" in byDefault).toBe(true);
  if ("numbers" in diffusers && "numbers" in byDefault) expect(notes).not.toEqual([]);
});

test("diffusers itself gave every row but a coefficient", () => {
  const computedHere = differenceRows.filter((row) => reference(row) === undefined);
  expect(computedHere.every(({ shows }) => shows === "lastNoise")).toBe(true);
});

describe.each(["guide", "zh/guide"])("the page in %s", (folder) => {
  const text = readFileSync(new URL(`../${folder}/schedulers.md`, import.meta.url), "utf8");
  const messageOf = (_class_name: string): string => {
    try {
      readSchedulerConfig({ _class_name });
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  it("names every class that is followed", () => {
    for (const name of caseClasses) expect(messageOf(name)).not.toMatch(/^_class_name/);
    const names = caseClasses.map((name) => name.replace(/Scheduler$/, ""));
    expect(text).toContain(`${caseClasses.length} `);
    const lines = text.split("\n").filter((line) => line.startsWith("- **"));
    const words = lines.flatMap((line) => line.split(/[^\w]+/));
    expect(names.filter((name) => !words.includes(name))).toEqual([]);
  });

  it("names classes that have no table", () => {
    const names = [...text.matchAll(/\b[A-Z]\w+Scheduler\b/g)].map(([name]) => name);
    const refused = names.filter((name) =>
      messageOf(name).startsWith("_class_name must be another"),
    );
    expect(new Set(refused).size).toBe(10);
  });
});

test("62 numbers of steps of 1,000 have a trailing time step too many", () => {
  const config = { timestep_spacing: "trailing" };
  const more = Array.from({ length: 1000 }, (_, i) => i + 1).filter(
    (steps) => table({ config, options: { steps } }, "DDIM", true).steps.length > steps,
  );
  expect(more).toHaveLength(62);
});

test("each note and each refusal of a reference case is in a row", () => {
  // A note may name a number of steps or an algorithm.
  const kind = (text: string) => text.replace(/\d+/g, "N").replace(/sde-dpmsolver(\+\+)?/, "sde");
  const listed = new Set(
    computed.flatMap(({ notes, byDefault }) =>
      ("error" in byDefault ? [byDefault.error] : notes).map(kind),
    ),
  );
  const missing = caseClasses.flatMap((className) =>
    casesOf(className).flatMap((one) => {
      const name = className.replace(/Scheduler$/, "");
      try {
        return table(one, name, false).notes.filter((note) => !listed.has(kind(note)));
      } catch (error) {
        const { message } = error as Error;
        return one.error === undefined && !listed.has(kind(message)) ? [message] : [];
      }
    }),
  );
  expect([...new Set(missing)]).toEqual([]);
});
