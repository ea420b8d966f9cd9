import fc from "fast-check";
import { expect, test } from "vitest";
import { readPoints } from "../src/pages/postcard/read-points.ts";

const read = async (text: string) => {
  const found = await readPoints(new Blob([text]));
  return found && Array.from(found);
};

test("the first two numbers of each line are a point, whatever separates them", async () => {
  const separators = fc.constantFrom(",", ";", "\t", " ", ", ", " ;");
  const row = fc.tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.integer());
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 3, maxLength: 9 }),
      separators,
      fc.constantFrom("\n", "\r\n"),
      async (rows, separator, end) => {
        const lines = rows.map(([x, y], i) => [x, y, ...Array(i % 3).fill("z")].join(separator));
        expect(await read(`x,y${end}${end}${lines.join(end)}`)).toEqual(
          rows.flat().map((value) => (value === 0 ? expect.closeTo(0) : value)),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test("a line without two finite numbers is left out", async () => {
  const points = "1,2\n3,4\n5,6";
  for (const line of ["7", "7,", "7,\r", "nan,1", "1,x", "1e301,1", ",,", "Infinity 2"])
    expect(await read(`${line}\n${points}`), line).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await read(`,8 ,9\n${points}`)).toEqual([8, 9, 1, 2, 3, 4, 5, 6]);
});

test("a file has 3 to 50,000 points, in at most 4 MiB", async () => {
  expect(await read("1,2\n3,4")).toBeUndefined();
  expect(await read("1,2\n".repeat(50_000))).toHaveLength(100_000);
  expect(await read("1,2\n".repeat(50_001))).toHaveLength(100_000);
  expect(await read("1,2\n".repeat(2 ** 20))).toHaveLength(100_000);
  expect(await read(`${"1,2\n".repeat(2 ** 20)}\n`)).toBeUndefined();
});
