/*
 * Scripts that run before the first paint. They read what the reader chose in the demo or here: one
 * switch serves both, if they are served on one origin.
 */

/**
 * The theme. VitePress reads its own name of the setting after this script. The palette follows
 * `data-theme`, which would cost a second style of the whole page if it came later.
 */
export const keptTheme = `{
  let theme;
  try {
    theme = JSON.parse(localStorage.getItem("gen.theme"));
    if (theme === "dark" || theme === "light") {
      localStorage.setItem("vitepress-theme-appearance", theme);
    }
    theme = localStorage.getItem("vitepress-theme-appearance");
  } catch {}
  if (theme !== "dark" && theme !== "light") {
    theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  document.documentElement.dataset.theme = theme;
}`;

/** The language: the English home page leads to the Chinese one if the reader chose Chinese. */
export const keptLanguage = `try {
  if (JSON.parse(localStorage.getItem("gen.language")) === "zh") location.replace("zh/" + location.hash);
} catch {}`;
