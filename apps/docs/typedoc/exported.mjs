// @ts-check
// What an entry point exports itself. The plugin typedoc-plugin-missing-exports later adds the types that
// exported functions use.
import { Converter, ReflectionKind } from "typedoc";

/** @typedef {import("typedoc").DeclarationReflection} Declaration */

/** @type {WeakSet<import("typedoc").Reflection>} */
const exported = new WeakSet();

/** @param {import("typedoc").Reflection} reflection */
export const isExported = (reflection) => exported.has(reflection);

/** @param {import("typedoc").Application} app */
export function load(app) {
  const beforePlugins = 2e9;
  app.converter.on(
    Converter.EVENT_RESOLVE_BEGIN,
    ({ project }) => {
      const modules = project.getReflectionsByKind(ReflectionKind.Module);
      for (const module of /** @type {Declaration[]} */ (modules)) {
        for (const child of module.children ?? []) exported.add(child);
      }
    },
    beforePlugins,
  );
}
