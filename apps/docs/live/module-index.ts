/** What the page gives a frame: `modules.json`. */
export interface ModuleIndex {
  /** The file of each import, such as `@gen/math`. */
  readonly entries: Readonly<Record<string, string>>;
  /** The packages' files, each below what it imports statically. */
  readonly files: readonly ModuleFile[];
  /** The names of the datasets' files, which lie beside this one. */
  readonly assets: readonly string[];
  /** The script of the worker that runs an example. */
  readonly worker: string;
}

export interface ModuleFile {
  readonly name: string;
  /** The names of the files that it imports, now or later. */
  readonly imports: readonly string[];
  readonly text: string;
}

/** The files that some imports need, each below what it imports. */
export function filesFor(
  { entries, files }: Pick<ModuleIndex, "entries" | "files">,
  imports: readonly string[],
): ModuleFile[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const needed = new Set(imports.flatMap((name) => entries[name] ?? []));
  for (const name of needed) for (const below of byName.get(name)?.imports ?? []) needed.add(below);
  return files.filter(({ name }) => needed.has(name));
}
