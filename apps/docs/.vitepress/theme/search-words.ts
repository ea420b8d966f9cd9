import type { Language } from "../search/search-index.ts";

/** The texts of the search box. */
export const searchWords = {
  en: {
    search: "Search",
    close: "Close search",
    clear: "Clear",
    loading: "Loading the index",
    failed: "The index could not be loaded.",
    nothing: (query: string) => `No results for “${query}”`,
    count: (pages: number) => (pages === 1 ? "1 page" : `${pages} pages`),
    results: "Results",
    keys: [
      ["↑↓", "to move"],
      ["↵", "to open"],
      ["Esc", "to close"],
    ],
  },
  zh: {
    search: "搜索",
    close: "关闭搜索",
    clear: "清除",
    loading: "正在载入索引",
    failed: "索引未能载入。",
    nothing: (query: string) => `没有找到“${query}”`,
    count: (pages: number) => `${pages} 页`,
    results: "搜索结果",
    keys: [
      ["↑↓", "移动"],
      ["↵", "打开"],
      ["Esc", "关闭"],
    ],
  },
} as const;

/** The headings of the groups of results. */
export const languageNames: Readonly<Record<Language, { name: string; lang: string }>> = {
  en: { name: "English", lang: "en" },
  zh: { name: "中文", lang: "zh-CN" },
};
