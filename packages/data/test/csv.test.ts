import { expect, test } from "vitest";
import { readCsv } from "../src/csv.ts";
import { errorOf } from "./fixture.ts";

const csv = (text: string) => readCsv(new TextEncoder().encode(text), { name: "points.csv" });

test.each([
  ["commas", "1,2\n-3.5,4e-1\n"],
  ["semicolons and spaces", " 1 ; 2\r\n-3.5 ; 0.4"],
  ["tabs", "1\t2\n-3.5\t0.4\n\n"],
  ["spaces and a comment", "# made by hand\n1  2\n-3.5 0.4\n"],
])("reads rows separated by %s", (_what, text) => {
  const table = csv(text);
  expect(table.shape).toEqual([2, 2]);
  expect(table.data).toEqual(Float32Array.of(1, 2, -3.5, 0.4));
  expect(table.columns).toBeUndefined();
});

test("a first line of words is the header", () => {
  const table = csv('"x","y",label\n1,2,0\n');
  expect(table.columns).toEqual(["x", "y", "label"]);
  expect(table.data).toEqual(Float32Array.of(1, 2, 0));
});

test.each([
  ["nothing", "", "at least one row of numbers is needed"],
  ["a header alone", "x,y\n", "at least one row of numbers is needed"],
  ["NaN", "1,2\n3,NaN\n", 'line 2 must hold finite numbers, got "NaN"'],
  ["NaN in the first line", "nan,1\n2,3\n", 'line 1 must hold finite numbers, got "nan"'],
  ["a word", "x,y\n1,2\n3,four\n", 'line 3 must hold finite numbers, got "four"'],
  ["an empty field", "1,2\n3,\n", 'line 2 must hold finite numbers, got ""'],
  ["what overflows float32", "1,1e39\n", 'line 1 must hold finite numbers, got "1e39"'],
  ["a short line", "1,2\n3\n", "line 2 must have 2 fields like the first, got 1"],
])("refuses %s in one line that names the file", (_what, text, problem) => {
  const error = errorOf(() => csv(text));
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toMatch(/^points\.csv: [^\n]+$/);
  expect(error.message).toContain(problem);
});

test("limit bounds the file", () => {
  expect(() => readCsv(new Uint8Array(11), { limit: 10 })).toThrow(
    "takes 11 bytes, the limit is 10",
  );
});
