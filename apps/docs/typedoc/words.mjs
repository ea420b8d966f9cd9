// @ts-check
// The words of the reference's frame, in the languages of the book.

export const languages = /** @type {const} */ (["en", "zh"]);

/** @typedef {(typeof languages)[number]} Language */

/** @type {Record<Language, Record<"type" | "constants" | "partlyTranslated" | "description" | "parameters" | "returns" | "throws" | "fields" | "methods" | "inherited" | "defaultValue" | "source" | "tests" | "lessons" | "reference" | "about" | "packages" | "groups" | "alsoExported" | "ungrouped" | "untranslated" | "describedAt" | "colon" | "comma", string>>} */
export const words = {
  en: {
    type: "Type",
    constants: "Constants",
    description: "Description",
    parameters: "Parameters",
    returns: "Returns",
    throws: "Throws",
    fields: "Fields",
    methods: "Methods",
    inherited: "Also the fields of",
    defaultValue: "Default",
    source: "Source",
    tests: "Tests",
    lessons: "Lesson",
    reference: "Reference",
    about: "Each exported symbol of each package: its formula, its parameters, and an example.",
    packages: "Packages",
    groups: "Contents",
    alsoExported: "Also exported here",
    ungrouped: "All symbols",
    untranslated: "",
    partlyTranslated: "",
    describedAt: "Described in",
    colon: ": ",
    comma: ", ",
  },
  zh: {
    type: "类型",
    constants: "常量",
    description: "说明",
    parameters: "参数",
    returns: "返回",
    throws: "抛出",
    fields: "字段",
    methods: "方法",
    inherited: "另有以下类型的字段：",
    defaultValue: "默认值",
    source: "源码",
    tests: "测试",
    lessons: "课",
    reference: "API 参考",
    about: "各软件包导出的每个符号：公式、参数与示例。",
    packages: "软件包",
    groups: "内容",
    alsoExported: "此处也导出",
    ungrouped: "全部符号",
    untranslated: "本页的说明尚未译成中文，以英文给出。",
    partlyTranslated: "各个符号的说明尚未译成中文，以英文给出。",
    describedAt: "说明见",
    colon: "：",
    comma: "、",
  },
};
