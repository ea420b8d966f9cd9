import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readNpy } from "@gen/data";
import { describe, expect, it } from "vitest";
import { fencesOf } from "../scripts/fences.mjs";

const docs = join(import.meta.dirname, "..");
const folder = join(import.meta.dirname, "reference", "export");
const read = (path: string) => readFileSync(join(docs, path), "utf8");
const programs = readdirSync(folder).filter((name) => name.endsWith(".py"));
const texts = programs.map((name) => readFileSync(join(folder, name), "utf8").trimEnd());

describe.each(["guide", "zh/guide"])("Python programs in %s", (guide) => {
  const fences = ["train-pictures", "python"].flatMap((name) =>
    fencesOf(read(`${guide}/${name}.md`), "python").map(({ code }) => code),
  );

  it("are the files that were run", () => {
    expect(fences.length).toBe(programs.length);
    expect([...fences].sort()).toEqual([...texts].sort());
  });

  it("print what the page shows, which is what they wrote", () => {
    const shown = fencesOf(read(`${guide}/python.md`), "text").map(({ code }) =>
      (code.match(/-?\d+\.\d+/g) ?? []).map(Number),
    );
    for (const [i, name] of ["samples.npy", "theirs.npy"].entries()) {
      const written = readNpy(readFileSync(join(folder, name))).data as Float32Array;
      expect(shown[i].length).toBe(written.length);
      for (const [k, value] of written.entries()) expect(shown[i][k]).toBeCloseTo(value, 6);
    }
  });
});
