/*
 * The packages as modules that a page loads when a reader runs an example: one file for each entry
 * point, and shared chunks. A sandboxed frame has no address of its own, so it cannot load files
 * beside it. The page reads them as text from one `modules.json`, and the worker in the frame makes
 * blobs of them. Files are in the order in which blobs can be made: an import is above its importer.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { entryPoints, packagesFolder } from "../typedoc/packages.mjs";
import { framePage, frameScript } from "./frame-page.ts";
import { filesFor, type ModuleIndex } from "./module-index.ts";
import type { ModuleReasons } from "./runnable.ts";

export interface PageModules {
  readonly index: ModuleIndex;
  /** `frame.html` */
  readonly frame: string;
  /** The paths of the datasets' files by name. */
  readonly assets: ReadonlyMap<string, string>;
  /** Why an entry point does not run in a page, by the name of its import. */
  readonly reasons: ModuleReasons;
}

/** `@gen/graph/onnx` as a file name. */
const fileName = (entry: string) => entry.replace("@gen/", "").replaceAll("/", "--");

/** Bundles all entry points, and keeps the files of those that run in a page. */
export async function pageModules(): Promise<PageModules> {
  const sources = new Map(entryPoints().map(({ name, source }) => [name, source]));
  const assets = new Map<string, string>();
  const all = await bundle(sources, assets);
  const { outputs } = all;
  const reasons = reasonsOf(all, sources);
  const inPage = [...sources].filter(([name]) => reasons.get(name) === undefined);
  const entries = Object.fromEntries(
    inPage.map(([name, source]) => [name, outputOf(outputs, source)]),
  );
  const files = inOrder(outputs).map((name) => ({
    name,
    imports: localImports(outputs, name).map(({ path }) => basename(path)),
    text: lateImports(name, all),
  }));
  const index = {
    entries,
    files: filesFor({ entries, files }, Object.keys(entries)),
    assets: [...assets.keys()],
    worker: await frameScript("worker.ts"),
  };
  return { index, frame: framePage(await frameScript("frame.ts")), assets, reasons };
}

interface Bundle {
  /** The outputs by file name. */
  readonly outputs: Metafile["outputs"];
  readonly texts: ReadonlyMap<string, string>;
}

async function bundle(
  entries: ReadonlyMap<string, string>,
  assets: Map<string, string>,
): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    entryPoints: Object.fromEntries([...entries].map(([name, source]) => [fileName(name), source])),
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    conditions: ["@gen/source"],
    outdir: "live",
    entryNames: "[name]-[hash]",
    chunkNames: "shared-[hash]",
    metafile: true,
    write: false,
    logLevel: "silent",
    plugins: [onlyOwnDependencies, assetAddresses(assets)],
  });
  return {
    outputs: Object.fromEntries(
      Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]),
    ),
    texts: new Map(outputFiles.map(({ path, text }) => [basename(path), text])),
  };
}

/** Bundles what packages depend on. Node's modules and optional peers stay imports. */
const onlyOwnDependencies: Plugin = {
  name: "only-own-dependencies",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      if (path.startsWith("node:")) return { path, external: true };
      if (kind === "entry-point" || importer.includes(`${sep}node_modules${sep}`)) return undefined;
      const manifest = manifestOf(importer);
      const name = path
        .split("/")
        .slice(0, path.startsWith("@") ? 2 : 1)
        .join("/");
      const own = name === manifest.name || name in (manifest.dependencies ?? {});
      return own ? undefined : { path, external: true };
    });
  },
};

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function manifestOf(source: string): Manifest {
  const [folder] = source.slice(packagesFolder.length + 1).split(sep);
  return JSON.parse(readFileSync(join(packagesFolder, folder, "package.json"), "utf8"));
}

/** The address of a dataset's file becomes `gen-asset:NAME`, which the worker asks its page for. */
const assetAddresses = (assets: Map<string, string>): Plugin => ({
  name: "asset-addresses",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]packages[\\/]data[\\/]src[\\/]embedded\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8").replace(
        /new URL\("([^"]+)", import\.meta\.url\)/g,
        (_, address: string) => {
          const name = basename(address);
          assets.set(name, join(dirname(path), address));
          return `new URL("gen-asset:${name}")`;
        },
      );
      return { contents, loader: "ts" };
    });
  },
});

/**
 * An entry point does not run in a page if it needs a module of Node, or if its own package has the
 * optional peers that it loads, which are runtimes of many megabytes.
 */
function reasonsOf(
  { outputs }: Bundle,
  entries: ReadonlyMap<string, string>,
): Map<string, string | undefined> {
  return new Map(
    [...entries].map(([name, source]) => {
      const entry = outputOf(outputs, source);
      const { peerDependencies = {} } = manifestOf(source);
      const node = outside(outputs, entry, false);
      if (node.length > 0) return [name, `needs ${node[0]}`];
      const runtimes = outside(outputs, entry, true).filter((path) =>
        runtimeNames.test(Object.keys(peerDependencies).find((n) => path.startsWith(n)) ?? ""),
      );
      return [name, runtimes.length > 0 ? `loads ${runtimes[0].split("/")[0]}` : undefined];
    }),
  );
}

const runtimeNames = /^(onnxruntime-|@tensorflow\/)/;

/** What an output and its imports take from outside the bundle. */
function outside(outputs: Bundle["outputs"], entry: string, dynamic: boolean): string[] {
  const seen = new Set([entry]);
  for (const name of seen) {
    for (const { path, kind, external } of outputs[name].imports) {
      if (kind === "dynamic-import" && !dynamic) continue;
      if (!external) seen.add(basename(path));
    }
  }
  const imports = [...seen].flatMap((name) => outputs[name].imports);
  return imports
    .filter(({ external, kind }) => external && (dynamic || kind !== "dynamic-import"))
    .map(({ path }) => path);
}

function outputOf(outputs: Bundle["outputs"], source: string): string {
  const found = Object.entries(outputs).find(
    ([, { entryPoint }]) => entryPoint && source.endsWith(entryPoint.replace(/^(\.\.[\\/])+/, "")),
  );
  if (!found) throw new Error(`${source} has no output`);
  return found[0];
}

const localImports = (outputs: Bundle["outputs"], name: string) =>
  outputs[name].imports.filter(({ external }) => !external);

/** The outputs, each below what it imports statically. */
function inOrder(outputs: Bundle["outputs"]): string[] {
  const order = new Set<string>();
  const visit = (name: string, above: readonly string[]): void => {
    if (order.has(name)) return;
    if (above.includes(name)) throw new Error(`${[...above, name].join(" > ")} is a cycle`);
    for (const { path, kind } of localImports(outputs, name)) {
      if (kind !== "dynamic-import") visit(basename(path), [...above, name]);
    }
    order.add(name);
  };
  for (const name of Object.keys(outputs).sort()) visit(name, []);
  return [...order];
}

/** A dynamic import may name a later file, so it looks the blob up when it runs. */
function lateImports(name: string, { outputs, texts }: Bundle): string {
  let text = texts.get(name) ?? "";
  for (const { path, kind } of localImports(outputs, name)) {
    const address = `"./${basename(path)}"`;
    if (kind === "dynamic-import") {
      text = text.replaceAll(`import(${address})`, `import(self.genModules[${address}])`);
    }
  }
  return text;
}
