/*
 * What a folder of pictures holds, by the names of its files alone: its pictures, classes and
 * captions. Captions come in two forms, those of the usual trainers and of Hugging Face's imagefolder:
 *
 *   a.png  a.txt                          the text of a picture beside it
 *   metadata.csv or metadata.jsonl        rows with `file_name` and `text`
 *
 * No model that `gen train` makes takes a text, so captions are counted and nothing more.
 */
import { readdir } from "node:fs/promises";
import { join, parse, posix } from "node:path";
import { parseJson, readBounded } from "./files.ts";

/** The content of a folder of pictures. */
export interface PictureFolder {
  /** Pictures of each kind, by the endings of their names. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Pictures of each subfolder, which is a class; none where the pictures lie in the folder itself. */
  readonly classes: Readonly<Record<string, number>>;
  /** Pictures with a caption, the first one's text, and where captions stand. */
  readonly captions: {
    readonly count: number;
    readonly first?: { readonly picture: string; readonly text: string };
    readonly sources: readonly string[];
  };
}

/** Whether a path has the ending of a picture that trainings read. */
export const isPicture = (path: string): boolean => /\.(png|jpe?g|webp)$/i.test(path);

const METADATA = /^metadata\.(csv|jsonl)$/;
const MAX_METADATA = 2 ** 26;
const MAX_CAPTION = 2 ** 16;

/** The content of a folder; undefined where it holds no picture, neither itself nor in a subfolder. */
export async function readPictureFolder(folder: string): Promise<PictureFolder | undefined> {
  const top = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const subfolders = top.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const kinds: Record<string, number> = {};
  const classes: Record<string, number> = {};
  const captions = new Map<string, () => Promise<string>>();
  const sources = new Set<string>();
  for (const inside of ["", ...subfolders.sort()]) {
    const names = (await readdir(join(folder, inside)).catch(() => [])).sort();
    const known = new Set(names);
    const pictures = names.filter((name) => isPicture(name));
    if (inside && pictures.length > 0) classes[inside] = pictures.length;
    for (const name of pictures) {
      const { ext, name: stem } = parse(name);
      const kind = ext.slice(1).toLowerCase().replace("jpeg", "jpg");
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      if (!known.has(`${stem}.txt`)) continue;
      const path = posix.join(inside, `${stem}.txt`);
      captions.set(posix.join(inside, name), async () => textOf(join(folder, path)));
      sources.add("a .txt file beside each");
    }
    for (const file of names.filter((name) => METADATA.test(name))) {
      const bytes = await readBounded(join(folder, inside, file), MAX_METADATA).catch(
        () => undefined,
      );
      for (const { file_name, text } of bytes ? rowsOf(file, bytes) : []) {
        const path = posix.normalize(posix.join(inside, file_name));
        if (!isPicture(path) || path.startsWith("..")) continue;
        captions.set(path, async () => text);
        sources.add(posix.join(inside, file));
      }
    }
  }
  if (Object.keys(kinds).length === 0) return undefined;
  const [first] = captions;
  const text = await first?.[1]();
  return {
    kinds,
    classes,
    captions: {
      count: captions.size,
      ...(text !== undefined && { first: { picture: first[0], text } }),
      sources: [...sources],
    },
  };
}

const textOf = async (path: string) => {
  const bytes = await readBounded(path, MAX_CAPTION).catch(() => undefined);
  return Buffer.from(bytes ?? [])
    .toString()
    .trim();
};

interface Row {
  readonly file_name: string;
  readonly text: string;
}

const isRow = (row: Partial<Row> | undefined): row is Row =>
  typeof row?.file_name === "string" && typeof row.text === "string";

/** The rows of a metadata file that name a picture and its text. */
function rowsOf(file: string, bytes: Uint8Array): Row[] {
  const text = Buffer.from(bytes).toString();
  if (file.endsWith(".jsonl"))
    return text
      .split("\n")
      .map((line) => parseJson<Row>(Buffer.from(line)))
      .filter(isRow);
  const [head = [], ...rows] = cellsOf(text);
  const [name, words] = ["file_name", "text"].map((title) => head.indexOf(title));
  return rows.map((cells) => ({ file_name: cells[name], text: cells[words] })).filter(isRow);
}

/** The cells of a CSV text, whose quoted ones may hold commas and new lines (RFC 4180). */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [[""]];
  const add = (part: string) => {
    const row = rows[rows.length - 1];
    row[row.length - 1] += part;
  };
  // Every other part lies between quotes; an empty part between two such parts is a doubled quote.
  const parts = text.split('"');
  for (const [i, part] of parts.entries()) {
    if (i % 2 === 1) add(part);
    else if (part === "" && i > 0 && i < parts.length - 1) add('"');
    else
      for (const [k, line] of part.split(/\r?\n/).entries()) {
        if (k > 0) rows.push([""]);
        for (const [n, cell] of line.split(",").entries()) {
          if (n > 0) rows[rows.length - 1].push("");
          add(cell);
        }
      }
  }
  return rows;
}

/** What becomes of captions, in one line; undefined where there are none. */
export function captionLine({ kinds, captions }: PictureFolder): string | undefined {
  const { count, sources } = captions;
  if (count === 0) return undefined;
  const all = Object.values(kinds).reduce((sum, n) => sum + n, 0);
  return `${count} of ${all} pictures have captions (${sources.join(", ")}), which are not used: no model of gen train takes a text`;
}
