import { fileURLToPath } from "node:url";
import { katex } from "@mdit/plugin-katex";
import { defineConfig } from "vitepress";
import { afterBuild } from "./after-build.mts";
import { codeLetters } from "./code-letters.mts";
import { emptyHeaders } from "./empty-headers.mts";
import { keptTheme } from "./first-scripts.mts";
import { liveCode } from "./live-code.mts";
import { localePath } from "./locale-path.mts";
import { chinese, chineseSearch, english, guideGroups } from "./locales.mts";
import { headOf, pageDataOf } from "./metadata.mts";
import { referenceLinks } from "./reference-links.mts";
import { searchPlugin } from "./search/search-plugin.mts";
import { shortCode } from "./short-code.mts";
import { folderSidebar, groupedSidebar, referenceSidebar } from "./sidebar.mts";
import { base, version, versions } from "./site.mts";

const docs = new URL("..", import.meta.url);
const searchBox = fileURLToPath(new URL("theme/search-box.vue", import.meta.url));
const live = await liveCode();
const conditions = ["@gen/source", "module", "development|production"];

export default defineConfig({
  title: "gen",
  base,
  srcExclude: ["README.md", "symbols/**"],
  lastUpdated: false,
  // Addresses of servers in examples.
  ignoreDeadLinks: "localhostLinks",
  head: [
    ["link", { rel: "icon", type: "image/svg+xml", href: `${base}icon.svg` }],
    ["script", {}, keptTheme],
  ],
  // Otherwise the start of a page computes all of its styles three times.
  appearance: { disableTransition: false },
  // A page loads what it shows, and not the pages that it links to.
  router: { prefetchLinks: false },
  transformPageData: pageDataOf,
  transformHead: headOf,
  buildEnd: afterBuild,
  markdown: {
    codeTransformers: [codeLetters],
    config: (md) => {
      md.use(emptyHeaders);
      md.use(shortCode);
      md.use(referenceLinks, docs);
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
          "/guide/": groupedSidebar(docs, "guide/", guideGroups.en),
          "/cli/": folderSidebar(docs, "cli/"),
          "/reference/": referenceSidebar(docs, "reference/"),
        },
      },
    },
    zh: {
      label: "中文",
      lang: "zh-CN",
      ...chinese,
      themeConfig: {
        ...chinese.themeConfig,
        sidebar: {
          "/zh/lessons/": folderSidebar(docs, "zh/lessons/"),
          "/zh/guide/": groupedSidebar(docs, "zh/guide/", guideGroups.zh),
          "/zh/cli/": folderSidebar(docs, "zh/cli/"),
          "/zh/reference/": referenceSidebar(docs, "zh/reference/"),
        },
      },
    },
  },
  themeConfig: {
    // For the list of versions in the navigation.
    ...({ version, versions } as object),
    i18nRouting: localePath,
    search: {
      provider: "local",
      options: {
        locales: { zh: { translations: chineseSearch } },
        // The index of VitePress stays empty. `search/` has ours.
        _render: () => "",
      },
    },
  },
  vite: {
    plugins: [live.files, searchPlugin()],
    resolve: {
      conditions: [...conditions, "browser"],
      alias: [{ find: /^.*\/VPLocalSearchBox\.vue$/, replacement: searchBox }],
    },
    ssr: { resolve: { conditions: [...conditions, "node"] }, noExternal: [/^@gen\//] },
  },
});
