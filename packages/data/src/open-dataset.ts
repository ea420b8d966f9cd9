import { type CsvTable, readCsv } from "./csv.ts";
import { dataError } from "./data-error.ts";
import { arrayDataset, type Dataset } from "./dataset.ts";
import { readIdx } from "./idx.ts";
import { type ImageFolderOptions, readImageFolder } from "./image-folder.ts";
import { defaultLimit, type NdArray } from "./nd-array.ts";
import { nodeModule } from "./node-module.ts";
import { readNpy } from "./npy.ts";
import { readNpz } from "./npz.ts";
import { readBounded } from "./read-bounded.ts";

/** Settings of {@link openDataset}; each kind of file uses those that concern it. */
export interface OpenDatasetOptions extends ImageFolderOptions {
  /** An idx or npy file of labels. For MNIST's file names the labels beside it are found. */
  readonly labels?: string;
  /**
   * The array of an npz archive that holds the items.
   * @defaultValue the only array that does not hold labels
   */
  readonly key?: string;
  /** Least and greatest value of float images, such as [-1, 1]. */
  readonly range?: readonly [number, number];
}

/**
 * Opens a dataset by its path: a folder of PNG files, `.idx`, `-ubyte`, `.npy`, `.npz`, `.csv`,
 * `.tsv` or `.txt`, the idx ones also with `.gz`. Node only.
 *
 * In an npz archive, `labels` or `y` are the labels; in a CSV file with a header, a column
 * named `label`, `labels` or `class`.
 *
 * @throws GenError `invalid-data` when the path or what it holds is none of these, too large or malformed; see
 * each reader.
 */
export async function openDataset(
  path: string,
  options: OpenDatasetOptions = {},
): Promise<Dataset> {
  const { limit = defaultLimit } = options;
  const { stat } = nodeModule("node:fs/promises");
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw dataError(path, "no such file or folder");
  if (found.isDirectory()) return readImageFolder(path, options);
  const kind = kindOf(path);
  const bytes = await readBounded(path, limit);
  const shared = { name: path, range: options.range };
  switch (kind) {
    case "idx":
    case "npy": {
      const array = (kind === "idx" ? readIdx : readNpy)(bytes, { name: path, limit });
      const labelPath = options.labels ?? (await labelsBeside(path));
      const labels = labelPath === undefined ? undefined : await readLabels(labelPath, limit);
      return arrayDataset(array, { ...shared, labels });
    }
    case "npz": {
      const { items, labels } = chooseArrays(
        path,
        readNpz(bytes, { name: path, limit }),
        options.key,
      );
      return arrayDataset(items, { ...shared, labels });
    }
    case "csv":
      return fromTable(path, readCsv(bytes, { name: path, limit: options.limit }));
  }
}

function kindOf(path: string): "idx" | "npy" | "npz" | "csv" {
  const match = /(?:[.-](idx|ubyte)(?:\.gz)?|\.(npy|npz|csv|tsv|txt))$/i.exec(path);
  if (match === null) {
    throw dataError(
      path,
      "must be a folder of .png, or end in .idx, -ubyte (or these with .gz), .npy, .npz, .csv, .tsv, .txt",
    );
  }
  const extension = match[2]?.toLowerCase();
  if (extension === undefined) return "idx";
  return extension === "npy" || extension === "npz" ? extension : "csv";
}

async function labelsBeside(path: string): Promise<string | undefined> {
  const guess = path.replace(/images([.-])idx3([^/\\]*)$/, "labels$1idx1$2");
  if (guess === path) return undefined;
  const { stat } = nodeModule("node:fs/promises");
  return (await stat(guess).catch(() => undefined))?.isFile() ? guess : undefined;
}

async function readLabels(path: string, limit: number): Promise<NdArray> {
  const kind = kindOf(path);
  if (kind !== "idx" && kind !== "npy") {
    throw dataError(path, "labels must be an idx or npy file");
  }
  const bytes = await readBounded(path, limit);
  return (kind === "idx" ? readIdx : readNpy)(bytes, { name: path, limit });
}

function chooseArrays(path: string, arrays: Record<string, NdArray>, key?: string) {
  const names = Object.keys(arrays);
  const isLabel = (name: string) => name === "labels" || name === "y";
  const candidates = key === undefined ? names.filter((name) => !isLabel(name)) : [key];
  const [name] = candidates;
  if (candidates.length !== 1 || !names.includes(name)) {
    throw dataError(
      path,
      `key must name one of its arrays (${names.join(", ")}), got ${key ?? "none"}`,
    );
  }
  const labelName = names.find((other) => isLabel(other) && other !== name);
  return { items: arrays[name], labels: labelName === undefined ? undefined : arrays[labelName] };
}

function fromTable(name: string, table: CsvTable): Dataset {
  const [rows, columns] = table.shape;
  const at = table.columns?.findIndex((title) => /^(labels?|class)$/i.test(title)) ?? -1;
  if (at < 0 || columns < 2) return arrayDataset(table, { name });
  const items = table.data.filter((_, i) => i % columns !== at);
  const labels = table.data.filter((_, i) => i % columns === at);
  return arrayDataset(
    { dtype: "float32", shape: [rows, columns - 1], data: items },
    { name, labels: { dtype: "float32", shape: [rows], data: labels } },
  );
}
