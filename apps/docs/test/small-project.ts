import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, type ProjectReflection } from "typedoc";
import { load as markExports } from "../typedoc/exported.mjs";

const first = `
/** How to add. */
interface AddOptions {
  /** Added at the end. @defaultValue 0 */
  readonly rest?: number;
  readonly bare?: string;
  /** Where to. @defaultValue the end of a */
  readonly to?: string;
}
/**
 * Adds < two $numbers.
 *
 * @param a The first.
 * @throws RangeError when a is negative.
 */
export function add(a: number, b: number, options: AddOptions = {}): number {
  return a + b + (options.rest ?? 0);
}
/** A sum. */
export interface Add {
  /** Its value. */
  readonly value: number | undefined;
}
export function silent(): void {}
/**
 * Inline.
 * @param options The two.
 */
export function inline(options: {
  /** One. */
  one: number;
  two: number;
}): void {}
`;
const third = `
/** A constant. */
export const K_1: number = 1;
/**
 * Twice a number.
 * @param n The number.
 */
export function twice(n: number): number {
  return 2 * n;
}
`;

const second = `export { add } from "./first.ts";
export * as tools from "./third.ts";
/** Takes an {@link Other}. */
export function encode(other: Other): void {}
/** Another. */
interface Other {
  /** A number. */
  readonly n: number;
}
`;

/** typedoc's project of two small modules, as the entry points `@gen/math` and `@gen/ddim`. */
export async function smallProject(): Promise<ProjectReflection> {
  const folder = mkdtempSync(join(tmpdir(), "gen-reference-"));
  try {
    writeFileSync(join(folder, "first.ts"), first);
    writeFileSync(join(folder, "second.ts"), second);
    writeFileSync(join(folder, "third.ts"), third);
    const options = { allowImportingTsExtensions: true, noEmit: true, strict: true, types: [] };
    const tsconfig = join(folder, "tsconfig.json");
    writeFileSync(tsconfig, JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
    const app = await Application.bootstrapWithPlugins({
      entryPoints: [join(folder, "first.ts"), join(folder, "second.ts")],
      basePath: folder,
      tsconfig,
      plugin: [fileURLToPath(import.meta.resolve("typedoc-plugin-missing-exports"))],
      placeInternalsInOwningModule: true,
      skipErrorChecking: true,
      disableGit: true,
      sourceLinkTemplate: "{path}",
      logLevel: "Error",
    } as never);
    markExports(app);
    const project = (await app.convert()) as ProjectReflection;
    for (const module of project.children ?? [])
      module.name = `@gen/${module.name === "first" ? "math" : "ddim"}`;
    return project;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
