import * as g from "@gen/graph";
import { computedOps } from "@gen/graph/compiler";
import { evaluate } from "@gen/graph/evaluate";
import { expect, it, test } from "vitest";
import {
  convertedDTypes,
  hasGradient,
  operationsParts,
  operationTables,
} from "../../../tooling/pages/operations-page.ts";
import { expectParts, languages, pageText } from "../../../tooling/pages/written-parts.ts";

/*
 * The page "Operations by backend". GEN_WRITE_PAGES=1 writes the parts that come from the tables.
 */

it.each(languages)("the page has the tables of $language", ({ language, prefix }) => {
  expectParts(`${prefix}guide/operations.md`, operationsParts(language));
});

test("the table has the dtypes that some backend converts, all but int32 and bool", () => {
  expect(convertedDTypes).toEqual(["float32", "float16", "float64", "int64"]);
});

test("every backend computes every operation", () => {
  const { graph, cpu, tfjs } = operationTables;
  expect([...cpu].sort()).toEqual([...graph].sort());
  expect([...tfjs].sort()).toEqual([...graph].sort());
  expect(computedOps().sort()).toEqual([...graph].sort());
  for (const { prefix } of languages)
    expect(pageText(`${prefix}guide/operations.md`)).toContain(` ${graph.length} `);
});

test("a gradient that the page calls zero is zero", () => {
  const slopes = (f: (x: g.Expr) => g.Expr) => {
    const x = g.parameter("x", g.tensor([-1.5, 0.5, 2], [3]));
    const graph = g.trace(() => ({ dx: g.gradients(g.mean(f(x)), [x])[0] }), {});
    return Array.from(evaluate(graph, {}).dx.data, Number);
  };
  expect(["Floor", "Sign", "Greater"].map(hasGradient)).toEqual([false, false, false]);
  expect([slopes(g.sign), slopes(g.floor)]).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(["Relu", "Exp", "Conv"].map(hasGradient)).toEqual([true, true, true]);
  for (const slope of slopes(g.exp)) expect(slope).toBeGreaterThan(0);
});
