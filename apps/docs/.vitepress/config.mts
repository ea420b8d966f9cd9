import { katex } from "@mdit/plugin-katex";
import { defineConfig } from "vitepress";
import { codeLetters } from "./code-letters.mts";
import { liveCode } from "./live-code.mts";
import { localePath } from "./locale-path.mts";
import { chinese, chineseSearch, english } from "./locales.mts";
import { folderSidebar, referenceSidebar } from "./sidebar.mts";
import { tokenize } from "./tokenize.mts";

const docs = new URL("..", import.meta.url);
const live = await liveCode();
const conditions = ["@gen/source", "module", "development|production"];

export default defineConfig({
  title: "gen",
  srcExclude: ["README.md"],
  lastUpdated: false,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: "/icon.svg" }]],
  markdown: {
    codeTransformers: [codeLetters],
    config: (md) => {
      md.use(live.fences);
      md.use(katex, {
        // A formula that does not parse stops the build.
        throwOnError: true,
        logger: (code: string) => (code === "htmlExtension" ? "ignore" : "error"),
        // A letter of a formula has a class, which gives it its color: \\htmlClass{letter-x0}{x_0}.
        trust: ({ command }: { command: string }) => command === "\\htmlClass",
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
        sidebar: {
          "/lessons/": folderSidebar(docs, "lessons/"),
          "/guide/": folderSidebar(docs, "guide/"),
          "/reference/": referenceSidebar(docs),
        },
      },
    },
    zh: {
      label: "简体中文",
      lang: "zh-CN",
      ...chinese,
      themeConfig: {
        ...chinese.themeConfig,
        sidebar: {
          "/zh/lessons/": folderSidebar(docs, "zh/lessons/"),
          "/zh/guide/": folderSidebar(docs, "zh/guide/"),
        },
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
    plugins: [live.files],
    resolve: { conditions: [...conditions, "browser"] },
    ssr: { resolve: { conditions: [...conditions, "node"] }, noExternal: [/^@gen\//] },
  },
});
