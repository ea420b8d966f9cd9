import { fileOf, MAX_FILE_BYTES, type WholeFile } from "@gen/graph/onnx";
import { errorCode } from "@gen/math";
import { modelFiles } from "@gen/model-files";
import type { ReadFile } from "@gen/pipeline";
import type { RunProgress, Source } from "./model-work.ts";

/** The files of a model, wherever they are. */
export interface ModelSource {
  /** The path of the model, if it is a single file. */
  readonly single?: string;
  /** Its files, with `open` for those that ONNX Runtime opens itself. */
  readonly read: ReadFile;
  readonly has: (path: string) => Promise<boolean>;
  /**
   * A file to be read in parts, of which a server sends no more than these. "unread" where the server
   * sends no parts.
   */
  parts(path: string): Promise<WholeFile | "unread" | undefined>;
}

/** What a download heeds. */
export interface Download {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
}

/** A file on a server that is read whole. */
const SMALL = 2 ** 23;

/** As many bytes as `modelHeaders` reads first. */
const FIRST_PART = 4096;

/** The most bytes of a file's parts that are kept. */
const MAX_KEPT = 2 ** 25;

/** The largest JSON file that is read. */
const MAX_JSON = 2 ** 24;

const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);

/** The files that a person gave. */
export function filesSource({ files }: Extract<Source, { kind: "files" }>): ModelSource {
  const parts = async (path: string): Promise<WholeFile | undefined> => {
    const file = files.get(path);
    const beside = (location: string) => parts(folderOf(path) + location);
    return file && { ...fileOf(file), folder: folderOf(path), beside };
  };
  const read = async (path: string) => {
    const file = files.get(path);
    const limit = path.endsWith(".json") ? MAX_JSON : MAX_FILE_BYTES;
    if (file && file.size > limit) {
      throw new RangeError(`${path} has ${file.size} bytes, at most ${limit} are read`);
    }
    return file && new Uint8Array(await file.arrayBuffer());
  };
  const isLoose = [...files.keys()].every((path) => !path.includes("/"));
  return {
    ...(isLoose && { single: [...files.keys()].find((path) => path.endsWith(".onnx")) }),
    read: Object.assign(read, { open: async (path: string) => files.get(path) }),
    has: async (path) => files.has(path),
    parts,
  };
}

/**
 * A folder or a file at a URL. Only what model_index.json names is asked for, if it is there.
 * `download` gives what the work that goes on heeds.
 */
export function urlSource(
  { url, sha256 }: Extract<Source, { kind: "url" }>,
  download: () => Download,
): ModelSource {
  const files = modelFiles();
  const [, base = url, single] = /^([^?#]*)\/([^/?#]+\.onnx)$/.exec(url) ?? [];
  const folder = () => {
    const { signal, onProgress } = download();
    return files.folder(base, {
      sha256,
      signal,
      onProgress: (progress) => onProgress?.({ doing: "download", ...progress }),
    });
  };
  /** Reads small files once, and looks for each model once. */
  const jsons = onceEach((path) => folder()(path));
  const isNamed = async (path: string): Promise<boolean> => {
    if (sha256) return Object.hasOwn(sha256, path);
    const [part, ...rest] = path.split("/");
    if (single !== undefined) return rest.length === 0;
    if (rest.length === 0 || part === "scheduler") return true;
    const index = await jsons("model_index.json");
    return index === undefined || namesOf(index).has(part);
  };
  const beside = (path: string) => async (location: string) => {
    const other = await parts(folderOf(path) + location);
    return other === "unread" ? undefined : other;
  };
  const parts = onceEach(async (path): Promise<WholeFile | "unread" | undefined> => {
    if (!(await isNamed(path))) return undefined;
    const own = { folder: folderOf(path), beside: beside(path) };
    // The page's own server has the example alone, which is small.
    if (new URL(base).origin === self.location.origin) {
      const blob = await folder().open(path);
      return blob && { ...fileOf(blob), ...own };
    }
    try {
      const found = await folder().parts(path);
      return found && { ...(await keepingParts(found)), ...own };
    } catch (error) {
      if (errorCode(error) === "download-failed") return "unread";
      throw error;
    }
  });
  const read = async (path: string) => {
    if (!(await isNamed(path))) return undefined;
    return path.endsWith(".json") ? jsons(path) : folder()(path);
  };
  const open = async (path: string) => ((await isNamed(path)) ? folder().open(path) : undefined);
  return {
    single,
    read: Object.assign(read, { open }),
    has: async (path) =>
      ((await (path.endsWith(".onnx") ? parts(path) : read(path))) ?? undefined) !== undefined,
    parts,
  };
}

/**
 * A file whose parts are kept, because headers are read twice. Its beginning is read at once, which
 * shows whether the server gives parts; a small file is read whole, in one request in place of many.
 */
async function keepingParts({ size, read }: Pick<WholeFile, "size" | "read">): Promise<WholeFile> {
  const start = await read(0, size <= SMALL ? size : Math.min(FIRST_PART, size));
  const kept = onceEach((part) => {
    const [offset, length] = part.split(" ").map(Number);
    return read(offset, length);
  });
  let bytes = 0;
  return {
    size,
    async read(offset, length) {
      if (offset + length <= start.length) return start.subarray(offset, offset + length);
      bytes += length;
      return bytes <= MAX_KEPT ? kept(`${offset} ${length}`) : read(offset, length);
    },
  };
}

/** A function whose results are kept by their argument, those of failures left out. */
function onceEach<R>(get: (path: string) => Promise<R>): (path: string) => Promise<R> {
  const kept = new Map<string, Promise<R>>();
  return (path) => {
    const found = kept.get(path) ?? get(path);
    kept.set(path, found);
    found.catch(() => kept.delete(path));
    return found;
  };
}

/** The folders that a model_index.json may mean. A VAE is one model there, and two in ONNX. */
function namesOf(index: Uint8Array): ReadonlySet<string> {
  try {
    const names = Object.keys(JSON.parse(new TextDecoder().decode(index)));
    return new Set([...names, ...(names.includes("vae") ? ["vae_decoder", "vae_encoder"] : [])]);
  } catch {
    // describeFolder says what is wrong with the file.
    return new Set();
  }
}
