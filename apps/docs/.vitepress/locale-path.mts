import type { DefaultTheme } from "vitepress/theme";

/**
 * The path of the same page in another language.
 *
 * VitePress sends this function to the browser as source text, so it uses nothing from outside.
 */
export const localePath: DefaultTheme.I18nRouting = (_data, route, targetLocale) => {
  const path = route.data.relativePath.replace(/^zh\//, "");
  const prefix = targetLocale === "root" ? "/" : `/${targetLocale}/`;
  if (route.data.isNotFound) return prefix;
  return prefix + path.replace(/(^|\/)index\.md$/, "$1").replace(/\.md$/, ".html") + route.hash;
};
