import type { DefaultTheme, LocaleSpecificConfig, MarkdownLocaleOptions } from "vitepress";

/** The demo's address. By default it lies beside the book, and VitePress adds the base. */
const demo: string = process.env.VITE_DEMO_URL ?? "/demo/";

/** The groups of the guide's pages, in the order of the sidebar. */
export const guideGroups = {
  en: {
    models: "Use a model",
    training: "Train a model",
    shipping: "Ship it",
    migration: "Move to gen",
    facts: "Facts and design",
  },
  zh: {
    models: "使用模型",
    training: "训练模型",
    shipping: "部署与发布",
    migration: "迁移到 gen",
    facts: "设计与数据",
  },
};

type Locale = LocaleSpecificConfig<DefaultTheme.Config> & { markdown?: MarkdownLocaleOptions };

export const english: Locale = {
  description: "VAE, DDPM and DDIM in TypeScript, in the browser and in Node",
  themeConfig: {
    nav: [
      { text: "Book", link: "/lessons/", activeMatch: "^/lessons/" },
      { text: "How-to", link: "/guide/quickstart", activeMatch: "^/guide/" },
      { text: "Reference", link: "/reference/", activeMatch: "^/reference/" },
      { text: "Command", link: "/cli/", activeMatch: "^/cli/" },
      { text: "Demo", link: `${demo}?lang=en`, target: "_self" },
    ],
    outline: { level: [2, 3], label: "On this page" },
    footer: { message: "MIT licence" },
    notFound: {
      title: "There is no such page",
      quote: "The link may be old, or its address may have a slip.",
      linkLabel: "Go to the first page",
      linkText: "Go to the first page",
    },
  },
};

export const chinese: Locale = {
  description: "用 TypeScript 实现的 VAE、DDPM 与 DDIM，可在浏览器和 Node 中运行",
  markdown: {
    container: {
      infoLabel: "信息",
      noteLabel: "注",
      tipLabel: "提示",
      importantLabel: "重要",
      warningLabel: "注意",
      cautionLabel: "小心",
      dangerLabel: "警告",
      detailsLabel: "详情",
    },
    codeCopyButton: { tooltipText: "复制代码", copiedText: "已复制" },
  },
  themeConfig: {
    nav: [
      { text: "书", link: "/zh/lessons/", activeMatch: "^/zh/lessons/" },
      { text: "指南", link: "/zh/guide/quickstart", activeMatch: "^/zh/guide/" },
      { text: "参考", link: "/zh/reference/", activeMatch: "^/zh/reference/" },
      { text: "命令行", link: "/zh/cli/", activeMatch: "^/zh/cli/" },
      { text: "演示", link: `${demo}?lang=zh`, target: "_self" },
    ],
    outline: { level: [2, 3], label: "本页目录" },
    docFooter: { prev: "上一页", next: "下一页" },
    footer: { message: "MIT 许可证" },
    notFound: {
      title: "页面不存在",
      quote: "链接可能已经失效，也可能是地址有误。",
      linkLabel: "回到首页",
      linkText: "回到首页",
    },
    darkModeSwitchLabel: "外观",
    lightModeSwitchTitle: "切换到浅色主题",
    darkModeSwitchTitle: "切换到深色主题",
    sidebarMenuLabel: "目录",
    returnToTopLabel: "回到顶部",
    langMenuLabel: "切换语言",
    navMenuLabel: "主导航",
    mobileMenuLabel: "菜单",
    extraMenuLabel: "更多选项",
    skipToContentLabel: "跳到正文",
  },
};

export const chineseSearch: DefaultTheme.LocalSearchOptions["translations"] = {
  button: { buttonText: "搜索", buttonAriaLabel: "搜索" },
};
