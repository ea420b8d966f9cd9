import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fencesOf } from "../scripts/fences.mjs";

const docs = dirname(import.meta.dirname);

/**
 * The files that a page shows, by name. A fence is a file if its first line is a comment that names
 * it, such as `// main.js` or `<!-- index.html -->`.
 */
export function filesOf(page: string): Map<string, string> {
  const text = readFileSync(join(docs, page), "utf8");
  const named = ["html", "js", "json", "txt", "sh"].flatMap((language) =>
    fencesOf(text, language).flatMap(({ code }): [string, string][] => {
      const [, name] = /^(?:\/\/|#|<!--) ([\w./-]+)(?: -->)?\n/.exec(code) ?? [];
      return name ? [[name, code]] : [];
    }),
  );
  const names = named.map(([name]) => name);
  if (new Set(names).size < names.length) throw new Error(`${page} shows a file twice: ${names}`);
  return new Map(named);
}

/** Writes files of a page into a folder. */
export async function writePageFiles(
  page: string,
  folder: string,
  names: readonly string[],
): Promise<void> {
  const files = filesOf(page);
  for (const name of names) {
    const code = files.get(name);
    if (code === undefined) throw new Error(`${page} shows no file ${name}`);
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, code);
  }
}
