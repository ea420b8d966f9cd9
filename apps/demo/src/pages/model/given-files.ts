import type { Source } from "./model-work.ts";

/** A file and its path in what a person gave. */
export type GivenFile = readonly [path: string, file: File];

/** The most files of a folder that are looked at, and how deep. */
const MAX_FILES = 10_000;
const MAX_DEPTH = 8;

/** The files that an input gave: those of a folder have their paths in it. */
export const chosenFiles = (files: Iterable<File>): GivenFile[] =>
  Array.from(files, (file): GivenFile => [file.webkitRelativePath || file.name, file]).slice(
    0,
    MAX_FILES,
  );

/** The files that were dropped, those inside of dropped folders too. */
export async function droppedFiles(items: Iterable<DataTransferItem>): Promise<GivenFile[]> {
  // Before anything is awaited: the list is emptied after the event.
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((each) => !!each);
  const found: GivenFile[] = [];
  for (const entry of entries) await collect(entry, "", found, 0);
  return found;
}

async function collect(
  entry: FileSystemEntry,
  inside: string,
  found: GivenFile[],
  depth: number,
): Promise<void> {
  if (found.length >= MAX_FILES || depth > MAX_DEPTH || entry.name.startsWith(".")) return;
  const path = inside + entry.name;
  if (entry.isFile) {
    const file = entry as FileSystemFileEntry;
    found.push([path, await new Promise<File>((resolve, reject) => file.file(resolve, reject))]);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A call gives some of the entries, and an empty list after the last.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const each of some) await collect(each, `${path}/`, found, depth + 1);
  }
}

/** A path that shows where a folder in diffusers' layout begins. */
const MARK =
  /^(.*?)(model_index\.json|(scheduler|unet|transformer|vae_decoder|text_encoder(_[23])?)\/[^/]+)$/;

/** Why files are no model. */
export type NoModel = "nothing" | "weights" | "several";

/**
 * A model in given files: a folder in diffusers' layout, wherever it begins; one ONNX file with a
 * scheduler's config, which become such a folder; or one ONNX file alone, with its weights beside it.
 */
export function sourceOf(given: readonly GivenFile[]): Source | NoModel {
  const starts = given.flatMap(([path]) => MARK.exec(path)?.[1] ?? []);
  if (starts.length > 0) {
    const start = starts.reduce((a, b) => (b.length < a.length ? b : a));
    const inside = given.filter(([path]) => path.startsWith(start));
    const files = new Map(inside.map(([path, file]) => [path.slice(start.length), file]));
    return { kind: "files", name: start.split("/").at(-2) ?? "", files };
  }
  const byName = new Map(given.map(([path, file]) => [path.split("/").at(-1) as string, file]));
  const models = [...byName.keys()].filter((name) => name.endsWith(".onnx"));
  if (models.length > 1) return "several";
  const [model] = models;
  if (model === undefined) {
    const isWeights = (name: string) => /\.(safetensors|ckpt|pth?|bin|gguf)$/.test(name);
    return [...byName.keys()].some(isWeights) ? "weights" : "nothing";
  }
  if (!byName.has("scheduler_config.json")) return { kind: "files", name: model, files: byName };
  const placed = [...byName].map(([name, file]): [string, File] => {
    if (name === "scheduler_config.json") return [`scheduler/${name}`, file];
    return [name === model ? "unet/model.onnx" : `unet/${name}`, file];
  });
  return { kind: "files", name: model, files: new Map(placed) };
}
