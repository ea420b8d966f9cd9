/** The letters of a step's formula. Each has its color in formulas, pictures and code. */
export type Letter = "x0" | "z" | "eps" | "eta";

const names = ["ground", "wash", "ink", "soft", "hair", "x0", "z", "eps", "eta"] as const;

/** The colors of `palette.css`, as CSS colors. */
export type Palette = Readonly<Record<(typeof names)[number], string>>;

/** The palette that applies to an element. */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as Record<keyof Palette, string>;
}
