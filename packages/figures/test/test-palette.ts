import type { Palette } from "../src/palette.ts";

/** A palette of nine different colors, by which a test tells what was drawn. */
export const palette: Palette = {
  ground: "#fff",
  wash: "#eee",
  ink: "#111",
  soft: "#555",
  hair: "#ccc",
  x0: "#00f",
  z: "#f00",
  eps: "#0a0",
  eta: "#aa0",
};
