/**
 * The colors of up to four classes, in each theme. They are no letter's color, and each class has a
 * shape of its own besides.
 */
export const classColors = {
  light: ["#6a3fb5", "#a8246f", "#46611a", "#1b1a18"],
  dark: ["#b79bff", "#ff8cc6", "#a9cf6b", "#f0ece3"],
} as const;
