/*
 * Runs an example in a sandboxed frame (`frame.html`). Only the frame's own policy allows modules
 * from blobs, and its origin is opaque: the code reaches neither this page nor its storage. The
 * page reads the packages' files and hands them over as text, because a frame without an origin may
 * load files only from hosts that allow every origin.
 */
import type { AssetReply, Job } from "./job.ts";
import { type Message, outputMeter, readMessage } from "./messages.ts";
import { filesFor, type ModuleIndex } from "./module-index.ts";
import { CodeError, prepareCode } from "./prepare-code.ts";

/** How an example ended. */
export type Ending = "done" | "flood" | "failed" | "stopped";

export interface RunEvents {
  /** The frame is there, and the program begins. */
  onStart(): void;
  onMessage(message: Exclude<Message, { kind: "asset" | "end" }>): void;
  onEnd(ending: Ending): void;
}

export interface Run {
  /** Removes the frame. Nothing is reported afterwards. */
  stop(): void;
}

/** How long a loaded frame may be silent, in milliseconds. */
const SILENCE = 3000;

/** Starts an example. `site` is the address of the folder with the files, such as `/live/`. */
export function runCode(code: string, site: string, { onStart, onMessage, onEnd }: RunEvents): Run {
  const frame = document.createElement("iframe");
  let ended = false;
  let ready = false;
  let overdue: ReturnType<typeof setTimeout> | undefined;

  function end(ending: Ending): void {
    if (ended) return;
    ended = true;
    clearTimeout(overdue);
    removeEventListener("message", listen);
    frame.remove();
    onEnd(ending);
  }
  function fail(error: unknown): void {
    if (ended) return;
    const { message } = error as Error;
    const line = error instanceof CodeError ? error.line : undefined;
    onMessage({ kind: "error", text: message, ...(line === undefined ? {} : { line }) });
    end("failed");
  }

  const job = makeJob(code, site);
  const meter = outputMeter();
  function listen({ source, data }: MessageEvent): void {
    if (source === null || source !== frame.contentWindow) return;
    if (data?.kind === "ready") {
      if (ready) return;
      ready = true;
      clearTimeout(overdue);
      void job.then((job) => {
        onStart();
        frame.contentWindow?.postMessage(job, "*");
      }, fail);
      return;
    }
    const message = readMessage(data);
    if (!message) return;
    if (message.kind === "end") end(message.reason);
    else if (message.kind === "asset") void answer(message.name);
    else if (meter.takes(message)) onMessage(message);
    else if (message.kind !== "drawing") end("flood");
  }
  async function answer(name: string): Promise<void> {
    const bytes = await readAsset(site, name).catch(() => undefined);
    const reply: AssetReply = { kind: "asset", name, bytes };
    frame.contentWindow?.postMessage(reply, "*");
  }

  addEventListener("message", listen);
  job.then(() => {
    if (ended) return;
    frame.setAttribute("sandbox", "allow-scripts");
    frame.hidden = true;
    frame.title = "gen";
    frame.src = `${site}frame.html`;
    // A missing file loads too, and so does one whose policy is the page's.
    frame.addEventListener("load", () => {
      const silent = () => fail(new Error(`${frame.src} did not start`));
      if (!ready) overdue = setTimeout(silent, SILENCE);
    });
    document.body.append(frame);
  }, fail);
  return { stop: () => end("stopped") };
}

async function makeJob(code: string, site: string): Promise<Job & { readonly worker: string }> {
  const { program, imports } = prepareCode(code);
  const index = await readIndex(site);
  const missing = imports.find((name) => !Object.hasOwn(index.entries, name));
  const lines = code.split("\n");
  if (missing !== undefined) {
    const line = lines.findIndex((text) => text.includes(missing)) + 1;
    throw new CodeError(`"${missing}" does not run in a page`, line || undefined);
  }
  const files = filesFor(index, imports);
  return { kind: "start", program, lines, files, entries: index.entries, worker: index.worker };
}

async function fetchFile(address: string, options: RequestInit = {}): Promise<Response> {
  const response = await fetch(address, options).catch(() => undefined);
  if (!response?.ok) throw new Error(`${address} could not be loaded`);
  return response;
}

let indexRead: Promise<ModuleIndex> | undefined;

function readIndex(site: string): Promise<ModuleIndex> {
  // Its address does not change with its content.
  indexRead ??= fetchFile(`${site}modules.json`, { cache: "no-cache" }).then((r) => r.json());
  indexRead.catch(() => {
    indexRead = undefined;
  });
  return indexRead;
}

async function readAsset(site: string, name: string): Promise<ArrayBuffer> {
  const { assets } = await readIndex(site);
  if (!assets.includes(name)) throw new Error(`${name} is no dataset's file`);
  return (await fetchFile(`${site}${name}`)).arrayBuffer();
}
