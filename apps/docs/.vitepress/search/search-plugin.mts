import { createMarkdownRenderer, type Plugin, type SiteConfig } from "vitepress";
import { buildIndex } from "./search-index.ts";
import { sectionsOf } from "./sections.mts";

const name = "virtual:search-index";

/**
 * Makes the module `virtual:search-index`, whose default export is the index of all pages as JSON.
 * Only the search box imports the module, when a reader opens the box.
 */
export function searchPlugin(): Plugin {
  let site: SiteConfig;
  return {
    name,
    configResolved(config) {
      site = (config as unknown as { vitepress: SiteConfig }).vitepress;
    },
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    async load(id) {
      if (id !== `\0${name}`) return;
      const { srcDir, pages, markdown, logger } = site;
      // VitePress made this renderer before, with the options of the config.
      const md = await createMarkdownRenderer(srcDir, markdown, site.site.base, logger);
      const files = pages.filter((page) => !/^(zh\/)?index\.md$/.test(page));
      return `export default ${JSON.stringify(buildIndex(sectionsOf(srcDir, files, md)))}`;
    },
  };
}
