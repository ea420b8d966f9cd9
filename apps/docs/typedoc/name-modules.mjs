// @ts-check
// Names each module as users import it, and writes an introduction for it.
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Comment, Converter, ReflectionKind } from "typedoc";
import { entryPoints, packagesFolder } from "./packages.mjs";

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const entries = new Map(entryPoints().map((entry) => [typedocName(entry.source), entry]));
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const entry = entries.get(module.name);
      if (!entry) throw new Error(`no package exports ${module.name}`);
      module.name = entry.name;
      const isSubpath = entry.name.split("/").length > 2;
      // A README is markdown as it stands.
      module.comment ??= new Comment(
        isSubpath ? firstSummary(module) : [{ kind: "code", text: readme(entry.folder) }],
      );
    }
  });
}

/** The name that typedoc derives from a path. @param {string} source */
const typedocName = (source) =>
  relative(packagesFolder, source)
    .replaceAll("\\", "/")
    .replace(/(\/index)?\.ts$/, "");

/** A package's README without its title and its last line. @param {string} folder */
function readme(folder) {
  const text = readFileSync(join(packagesFolder, folder, "README.md"), "utf8");
  return text
    .replace(/^# .*\n+/, "")
    .replace(/\n+Part of \[gen\].*\n*$/, "\n")
    .trim();
}

/** The summary of a module's first function. @param {import("typedoc").Reflection} module */
function firstSummary(module) {
  const children = /** @type {import("typedoc").DeclarationReflection} */ (module).children ?? [];
  const comments = children.map((child) => {
    // A symbol of another entry point has its docstring there.
    const own = child.isReference() ? child.tryGetTargetReflectionDeep() : child;
    return /** @type {import("typedoc").DeclarationReflection | undefined} */ (own)?.signatures?.[0]
      .comment;
  });
  return comments.find((comment) => comment?.hasVisibleComponent())?.summary ?? [];
}
