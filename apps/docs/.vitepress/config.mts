import { katex } from "@mdit/plugin-katex";
import { defineConfig } from "vitepress";
import { localePath } from "./locale-path.mts";
import { chinese, chineseSearch, english } from "./locales.mts";
import { guideSidebar, referenceSidebar } from "./sidebar.mts";
import { tokenize } from "./tokenize.mts";

const docs = new URL("..", import.meta.url);
const conditions = ["@gen/source", "module", "development|production"];

export default defineConfig({
  title: "gen",
  srcExclude: ["README.md"],
  lastUpdated: false,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: "/icon.svg" }]],
  markdown: {
    config: (md) => {
      md.use(katex, {
        // A formula that does not parse stops the build.
        throwOnError: true,
        strict: "error",
        // LaTeX may contain double braces, which Vue would interpret.
        transformer: (html: string) => html.replace(/^<(span|p)/, "<$1 v-pre"),
      });
    },
  },
  locales: {
    root: {
      label: "English",
      lang: "en",
      ...english,
      themeConfig: {
        ...english.themeConfig,
        sidebar: { "/guide/": guideSidebar(docs, ""), "/reference/": referenceSidebar(docs) },
      },
    },
    zh: {
      label: "简体中文",
      lang: "zh-CN",
      ...chinese,
      themeConfig: {
        ...chinese.themeConfig,
        sidebar: { "/zh/guide/": guideSidebar(docs, "zh/") },
      },
    },
  },
  themeConfig: {
    i18nRouting: localePath,
    search: {
      provider: "local",
      options: {
        locales: { zh: { translations: chineseSearch } },
        miniSearch: { options: { tokenize: tokenize } },
      },
    },
  },
  vite: {
    resolve: { conditions: [...conditions, "browser"] },
    ssr: { resolve: { conditions: [...conditions, "node"] }, noExternal: [/^@gen\//] },
  },
});
