import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("../src/palette.css", import.meta.url), "utf8");
const blocks = [...css.matchAll(/(:root[^{]*)\{([^}]*)\}/g)].map(([, , body]) =>
  Object.fromEntries(
    [...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, color]) => [name, color]),
  ),
);

/** The relative luminance of a color (WCAG 2.2). */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const v = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((p, q) => p - q);
  return (high + 0.05) / (low + 0.05);
}

test("every letter can be read on paper: WCAG's 4.5 in both themes, and 7 for ink", () => {
  expect(blocks).toHaveLength(2);
  for (const palette of blocks) {
    expect(Object.keys(palette).sort()).toEqual(
      ["ground", "wash", "ink", "soft", "hair", "x0", "z", "eps", "eta"].sort(),
    );
    for (const ground of [palette.ground, palette.wash]) {
      for (const letter of ["soft", "x0", "z", "eps", "eta"]) {
        expect(contrast(palette[letter], ground), letter).toBeGreaterThan(4.5);
      }
      expect(contrast(palette.ink, ground)).toBeGreaterThan(7);
    }
  }
});
