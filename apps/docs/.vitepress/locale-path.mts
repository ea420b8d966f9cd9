import type { DefaultTheme } from "vitepress/theme";

/**
 * Where the language switch leads: to the same page in the other language, and from the reference,
 * which is written in English alone, to the other language's home.
 *
 * VitePress sends this function to the browser as text: it uses nothing from outside itself.
 */
export const localePath: DefaultTheme.I18nRouting = (_data, route, targetLocale) => {
  const path = route.data.relativePath.replace(/^zh\//, "");
  const prefix = targetLocale === "root" ? "/" : `/${targetLocale}/`;
  if (path.startsWith("reference/") || route.data.isNotFound) return prefix;
  return prefix + path.replace(/(^|\/)index\.md$/, "$1").replace(/\.md$/, ".html") + route.hash;
};
