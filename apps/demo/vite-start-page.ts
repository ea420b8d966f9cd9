import type { Plugin, Rolldown } from "vite";

const startPage = /postcard-page\.vue$/;

/** A chunk and all chunks that it imports. */
function withImports(
  bundle: Rolldown.OutputBundle,
  name: string,
  found = new Set<string>(),
): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  for (const each of (bundle[name] as Rolldown.OutputChunk).imports)
    withImports(bundle, each, found);
  return found;
}

/**
 * Names the files of the start page in the built page, so that they load beside the program that asks
 * for them. On a slow network they would otherwise come after it, and after the fonts.
 */
export const preloadStartPage = (): Plugin => ({
  name: "preload-start-page",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler(_, { bundle = {}, chunk: program }) {
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      const start = chunks.find(({ facadeModuleId }) => startPage.test(facadeModuleId ?? ""));
      if (!start || !program) throw new Error(`no chunk of ${startPage}`);
      const own = withImports(bundle, program.fileName);
      const files = [...withImports(bundle, start.fileName)].filter((name) => !own.has(name));
      const styles = files.flatMap((name) => [
        ...((bundle[name] as Rolldown.OutputChunk).viteMetadata?.importedCss ?? []),
      ]);
      return [
        ...files.map((name) => ({ rel: "modulepreload", crossorigin: true, href: `./${name}` })),
        ...styles.map((name) => ({ rel: "stylesheet", crossorigin: true, href: `./${name}` })),
      ].map((attrs) => ({ tag: "link", attrs, injectTo: "head" as const }));
    },
  },
});
