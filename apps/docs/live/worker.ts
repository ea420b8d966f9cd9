/*
 * Runs one example in a worker of a sandboxed frame. The worker has no storage, no network and no
 * document. It makes blobs of the packages' files, imports the program, and tells the page what the
 * program prints, shows and draws (`messages.ts`).
 */
import { drawingOf } from "./drawings.ts";
import { errorText, formatValue } from "./format-value.ts";
import type { AssetReply, Job } from "./job.ts";
import type { Level, Message } from "./messages.ts";
import { expressionOf } from "./result-lines.mjs";
import { sameAsShown } from "./shown-values.ts";

// The program may replace these names, so the worker keeps what it needs.
const post: (message: Message) => void = self.postMessage.bind(self);
const later = self.setTimeout.bind(self);
const seen = new Set<unknown>();
let lines: readonly string[] = [];
/** A page shows at most 10 digits. The errors of rounding begin at the sixteenth. */
const DIGITS = 12;
/** Names for the addresses of blobs, in messages of errors. */
const names = new Map<string, string>();
let programUrl = "";

const blobOf = (text: string) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));

/** Makes blobs of the files, and returns their addresses by file name. */
function makeModules({ files, entries }: Job): Map<string, string> {
  const urls = new Map<string, string>();
  const late: Record<string, string> = {};
  for (const { name, text } of files) {
    const linked = text.replaceAll(/"\.\/([\w-]+\.js)"/g, (quoted, file: string) =>
      urls.has(file) ? JSON.stringify(urls.get(file)) : quoted,
    );
    const url = blobOf(linked);
    urls.set(name, url);
    late[`./${name}`] = url;
    const entry = Object.keys(entries).find((each) => entries[each] === name);
    names.set(url, entry ?? "@gen");
  }
  Object.assign(self, { genModules: late });
  return urls;
}

/** The program with the addresses of what it imports. */
const linkProgram = ({ program, entries }: Job, urls: ReadonlyMap<string, string>): string =>
  program.replaceAll(
    /(\bfrom\s*|\bimport\s*\(?\s*)(["'])(@gen\/[\w/-]+)\2/g,
    (whole, before: string, _, name: string) =>
      Object.hasOwn(entries, name) ? `${before}${JSON.stringify(urls.get(entries[name]))}` : whole,
  );

/** The line of the program on which an error began. */
function lineOf(error: unknown): number | undefined {
  const { stack = "" } = error instanceof Error ? error : {};
  const at = stack.indexOf(`${programUrl}:`);
  const line = at < 0 ? Number.NaN : Number.parseInt(stack.slice(at + programUrl.length + 1), 10);
  return line <= lines.length ? line : undefined;
}

function tellError(error: unknown): void {
  let text = error instanceof Error ? errorText(error) : `thrown: ${formatValue(error)}`;
  for (const [url, name] of names) text = text.replaceAll(url, name);
  const line = lineOf(error);
  post({ kind: "error", text, ...(line === undefined ? {} : { line }) });
}

/** Draws a value once, if it is points or pictures. */
function draw(name: string, value: unknown, shape?: readonly number[]): boolean {
  if (seen.has(value)) return true;
  const drawing = drawingOf(value, shape);
  if (!drawing) return false;
  seen.add(value);
  post({ kind: "drawing", name, drawing });
  return true;
}

const nameOf = (line: number) => expressionOf(lines[line - 1] ?? "");

const tools = {
  __shows(actual: unknown, shown: string, line: number): void {
    let holds = false;
    try {
      holds = sameAsShown(actual, shown);
    } catch {
      // The reader wrote something that is no literal.
    }
    post({ kind: "value", line, text: formatValue(actual, 3, DIGITS), holds });
    draw(nameOf(line), actual);
  },
  async __throws(run: () => unknown, message: string, line: number): Promise<void> {
    let text = "";
    try {
      await run();
    } catch (error) {
      text = error instanceof Error ? error.message : formatValue(error);
    }
    post({ kind: "value", line, text, holds: text === message });
  },
  /** A line that only names a value. */
  __value(value: unknown, line: number): void {
    if (!draw(nameOf(line), value)) post({ kind: "log", level: "log", text: formatValue(value) });
  },
  /** The declared values at the end of the program. */
  __seen(values: Readonly<Record<string, unknown>>): void {
    const { x, data, shape } = values;
    for (const [name, value] of Object.entries(values)) {
      const own = (value === x || value === data) && Array.isArray(shape);
      if (!draw(name, value) && own) draw(name, value, shape as number[]);
    }
  },
  show(value: unknown, shape?: readonly number[]): void {
    seen.delete(value);
    if (!draw("show", value, shape)) {
      post({ kind: "log", level: "log", text: formatValue(value) });
    }
  },
};

function print(level: Level, values: readonly unknown[]): void {
  const text = values.map((v) => (typeof v === "string" ? v : formatValue(v))).join(" ");
  post({ kind: "log", level, text });
}

const levels: Readonly<Record<string, Level>> = {
  log: "log",
  info: "log",
  debug: "log",
  table: "log",
  dir: "log",
  trace: "log",
  warn: "warn",
  error: "error",
};
for (const [name, level] of Object.entries(levels)) {
  Object.assign(console, { [name]: (...values: unknown[]) => print(level, values) });
}

/** Answers of the page by the name of a file. */
const waiting = new Map<string, ((reply: AssetReply) => void)[]>();

/** Only the files of datasets can be fetched. */
async function fetchAsset(address: unknown): Promise<Response> {
  const [, name] = /^gen-asset:(.+)$/.exec(String(address)) ?? [];
  if (!name) throw new TypeError("examples run without a network");
  const { bytes } = await new Promise<AssetReply>((resolve) => {
    waiting.set(name, [...(waiting.get(name) ?? []), resolve]);
    post({ kind: "asset", name });
  });
  return bytes ? new Response(bytes) : new Response(null, { status: 404 });
}

Object.assign(self, tools, { fetch: fetchAsset });
self.addEventListener("error", (event) => {
  event.preventDefault();
  tellError(event.error ?? new Error(event.message));
});
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  tellError(event.reason);
});

let started = false;
self.addEventListener("message", ({ data }: MessageEvent<Job | AssetReply>) => {
  if (data.kind === "asset") {
    for (const resolve of waiting.get(data.name) ?? []) resolve(data);
    waiting.delete(data.name);
  } else if (!started) {
    started = true;
    void start(data);
  }
});

async function start(job: Job): Promise<void> {
  lines = job.lines;
  try {
    programUrl = blobOf(linkProgram(job, makeModules(job)));
    names.set(programUrl, "the example");
    await import(/* @vite-ignore */ programUrl);
  } catch (error) {
    tellError(error);
  }
  // What the program started without waiting for may still print.
  later(() => post({ kind: "end", reason: "done" }), 0);
}
