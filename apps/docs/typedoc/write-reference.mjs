// @ts-check
// The output of typedoc: `reference/` and `zh/reference/` with a page for each group, an index for each
// entry point, the sidebars and the addresses of symbols. Missing parts are errors, which fail the build.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkReference } from "./check-reference.mjs";
import { readGroups } from "./groups.mjs";
import { docsFolder } from "./packages.mjs";
import { planReference } from "./reference-pages.mjs";
import { entryIndex, groupPage, packageIndex, readersOrder } from "./reference-text.mjs";
import { languages, words } from "./words.mjs";

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.outputs.addOutput("reference", async (out, project) => {
    const groups = readGroups();
    const reference = planReference(project, groups);
    for (const problem of checkReference(reference, groups)) {
      app.logger.error(/** @type {any} */ (problem));
    }
    writeReference(out, reference);
  });
}

/** @param {string} out @param {import("./reference-pages.mjs").Reference} reference */
export function writeReference(out, reference) {
  const { entries, linkTo } = reference;
  for (const language of languages) {
    const prefix = language === "en" ? "" : `${language}/`;
    const context = {
      language,
      linkTo: (/** @type {import("typedoc").Reflection | undefined} */ one) => {
        const link = linkTo(one);
        return link && (prefix ? `/${prefix}${link.slice(1)}` : link);
      },
    };
    rmSync(join(out, prefix, "reference"), { recursive: true, force: true });
    const write = (/** @type {string} */ path, /** @type {string} */ text) => {
      const file = join(out, prefix, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    };
    for (const entry of entries) {
      write(`${entry.address}.md`, entryIndex(entry, context));
      for (const page of entry.pages)
        write(`${page.address}.md`, groupPage(page, entry, context, lessonTitle));
    }
    write("reference/index.md", packageIndex(entries, context));
    write("reference/sidebar.json", JSON.stringify(sidebar(entries, language, prefix)));
  }
  writeFileSync(
    join(out, "reference/addresses.json"),
    JSON.stringify(addresses(reference), null, 1),
  );
}

/** @param {import("./reference-pages.mjs").Entry[]} entries @param {import("./words.mjs").Language} language @param {string} prefix */
function sidebar(entries, language, prefix) {
  const items = readersOrder(entries).map(({ name, address, pages }) => ({
    text: name,
    link: `/${prefix}${address}`,
    ...(pages.length > 0 && {
      collapsed: true,
      items: pages.map(({ group, address }) => ({
        text: language === "zh" ? group.titleZh : group.title,
        link: `/${prefix}${address}`,
      })),
    }),
  }));
  return [{ text: words[language].packages, link: `/${prefix}reference/`, items }];
}

/**
 * Where a link `/reference/ENTRY#symbol` leads. Authors write this form, whatever the groups are.
 *
 * @param {import("./reference-pages.mjs").Reference} reference
 */
function addresses({ entries, linkTo }) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const { address, module, again } of entries) {
    for (const child of module.children ?? []) {
      for (const one of [child, ...(child.children ?? [])]) {
        const link = linkTo(one);
        if (link) found[`/${address}#${link.split("#")[1]}`] = link;
      }
    }
    for (const one of again) {
      const link = linkTo(one.tryGetTargetReflectionDeep());
      if (link) found[`/${address}#${one.name.toLowerCase()}`] = link;
    }
  }
  return found;
}

/** The title of a lesson. @param {string} name @param {string} folder */
function lessonTitle(name, folder) {
  const text = readFileSync(join(docsFolder, folder, `${name}.md`), "utf8");
  return /^# (.*?)(?: *\{#.*)?$/m.exec(text)?.[1] ?? name;
}
