/**
 * How a picture was made, in the picture's PNG: as JSON under the keyword `gen`, and under
 * `parameters` as the text that Stable Diffusion web UI writes and other programs read.
 *
 *   const png = writePng(raster, { settings: { prompt: "a red fox", seed: 5 } });
 *   readPngSettings(png); // => { prompt: "a red fox", seed: 5 }
 */
import { type JsonValue, parseJson } from "@gen/math/json";
import { dataError } from "./data-error.ts";
import { inflate } from "./inflate.ts";
import { MAX_PNG_TEXT } from "./limits.ts";
import { concat } from "./nd-array.ts";
import { type PictureSettings, parametersText, parseParameters } from "./parameters-text.ts";
import { chunkBytes, hasChecksum, pngChunks, typeNumber } from "./png-chunks.ts";

/** The chunks that hold settings, which belong between IHDR and the pixels. */
export const settingsChunks = (settings: PictureSettings): Uint8Array =>
  concat([
    textChunk("parameters", parametersText(settings)),
    textChunk("gen", JSON.stringify(settings)),
  ]);

/**
 * Reads the settings of a PNG: those of `gen` where it has them, else those of `parameters`, from
 * which the known names are read. Undefined where the file has neither.
 *
 * @param bytes The bytes of the file.
 * @param options The file's name in errors.
 * @throws GenError `invalid-data` when the file is no PNG or cut short, or when a text is damaged or
 * has more than 1 MiB.
 */
export function readPngSettings(
  bytes: Uint8Array,
  options: {
    /** The name in errors. @defaultValue "PNG file" */
    readonly name?: string;
  } = {},
): Record<string, JsonValue> | undefined {
  const { name = "PNG file" } = options;
  const texts = new Map<string, string>();
  for (const chunk of pngChunks(name, bytes)) {
    if (!TEXT_TYPES.includes(chunk.type)) continue;
    const end = chunk.data.subarray(0, MAX_KEYWORD + 1).indexOf(0);
    const keyword = latin1(chunk.data.subarray(0, Math.max(end, 0)));
    if ((keyword !== "gen" && keyword !== "parameters") || texts.has(keyword)) continue;
    if (!hasChecksum(bytes, chunk)) {
      throw dataError(name, `not a readable PNG (the chunk at ${chunk.at} has another checksum)`);
    }
    texts.set(keyword, textOf(name, chunk.type, chunk.data.subarray(end + 1)));
  }
  const json = texts.get("gen");
  if (json === undefined) {
    const text = texts.get("parameters");
    return text === undefined ? undefined : parseParameters(text);
  }
  const value = parseJson(json, { name: `${name}: its settings`, limit: MAX_PNG_TEXT });
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw dataError(name, "its settings must be a JSON object");
}

const MAX_KEYWORD = 79;
const TYPES = ["tEXt", "zTXt", "iTXt"];
const TEXT_TYPES = /* @__PURE__ */ TYPES.map(typeNumber);
const [TEXT, COMPRESSED] = TEXT_TYPES;

function textChunk(keyword: string, text: string): Uint8Array {
  const isLatin = /^[\n\x20-\x7e\xa1-\xff]*$/.test(text);
  // iTXt: no compression, no language, no translated keyword.
  const head = `${keyword}\0${isLatin ? "" : "\0\0\0\0"}`;
  const bytes = isLatin
    ? Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    : new TextEncoder().encode(text);
  return chunkBytes(isLatin ? "tEXt" : "iTXt", concat([new TextEncoder().encode(head), bytes]));
}

/** The text of a chunk, from behind its keyword on. */
function textOf(name: string, type: number, data: Uint8Array): string {
  if (type === TEXT) return latin1(bounded(name, data));
  if (type === COMPRESSED) return latin1(inflated(name, data.subarray(1)));
  const language = data.indexOf(0, 2);
  const keyword = language < 0 ? -1 : data.indexOf(0, language + 1);
  if (keyword < 0) throw dataError(name, "an iTXt chunk must have a language and a keyword");
  const text = data.subarray(keyword + 1);
  const utf8 = data[0] === 1 ? inflated(name, text) : bounded(name, text);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(utf8);
  } catch {
    throw dataError(name, "an iTXt chunk must hold UTF-8");
  }
}

function bounded(name: string, data: Uint8Array): Uint8Array {
  if (data.length <= MAX_PNG_TEXT) return data;
  throw dataError(name, `its text must have at most ${MAX_PNG_TEXT} bytes, got ${data.length}`);
}

function inflated(name: string, data: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  inflate(name, "zlib", data, (part) => {
    length += part.length;
    if (length > MAX_PNG_TEXT) {
      throw dataError(name, `its text decompresses to more than ${MAX_PNG_TEXT} bytes`);
    }
    parts.push(part);
  });
  return concat(parts);
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return text;
}
