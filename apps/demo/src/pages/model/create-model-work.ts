import { backendError } from "../../backends/backend-error.ts";
import { backendSlot } from "../../backends/backend-slot.ts";
import { describeModel } from "./describe-model.ts";
import { type Download, filesSource, type ModelSource, urlSource } from "./model-source.ts";
import type { ModelWork, RunProgress, RunRequest } from "./model-work.ts";
import { channelsOf, pixelsOf } from "./pixels.ts";
import { loadRunning, type RunningModel } from "./run-model.ts";

/** Creates the work of the room. It runs in the thread that calls it. */
export function createModelWork(): ModelWork {
  let source: ModelSource | undefined;
  let loaded: { choice: string; model: Promise<RunningModel> } | undefined;
  let abort = new AbortController();
  let onProgress: ((progress: RunProgress) => void) | undefined;
  /** The work that goes on; a new one waits for its end. */
  let last: Promise<unknown> = Promise.resolve();
  const download = (): Download => ({ signal: abort.signal, onProgress });

  async function unload(): Promise<void> {
    const old = loaded;
    loaded = undefined;
    await (await old?.model.catch(() => undefined))?.dispose();
  }

  const slot = backendSlot(undefined, unload);

  /** Ends the work that goes on, then does the next. Undefined when that is cancelled in turn. */
  async function inTurn<R>(work: (signal: AbortSignal) => Promise<R>): Promise<R | undefined> {
    abort.abort();
    const own = new AbortController();
    abort = own;
    const result = last.then(async () => {
      if (own.signal.aborted) return undefined;
      try {
        return await work(own.signal);
      } catch (error) {
        if (own.signal.aborted) return undefined;
        throw error;
      }
    });
    last = result.catch(() => undefined);
    return result;
  }

  async function modelOf({ choice, way }: RunRequest): Promise<[RunningModel, string]> {
    const opened = await slot(choice).catch((cause: Error) => {
      throw Object.assign(new Error(cause.message), { name: backendError });
    });
    if (!source) throw new Error("choose a model first");
    if (loaded?.choice !== choice) await unload();
    const current = loaded ?? { choice, model: loadRunning(source, way, opened) };
    loaded = current;
    try {
      return [await current.model, opened.name];
    } catch (error) {
      if (loaded === current) loaded = undefined;
      throw error;
    }
  }

  return {
    // If the worker's script is blocked, this call never returns.
    ready: () => true,

    open: (given) =>
      inTurn(async () => {
        onProgress = undefined;
        await unload();
        source = given.kind === "files" ? filesSource(given) : urlSource(given, download);
        return describeModel(source);
      }),

    run: (request, report) =>
      inTurn(async (signal) => {
        onProgress = report;
        report({ doing: "opening" });
        const [model, backendName] = await modelOf(request);
        signal.throwIfAborted();
        const started = performance.now();
        const made = await model.make(request, { signal, onProgress: report });
        const { steps, notes } = made;
        return {
          ...{ backendName, steps, notes },
          seconds: (performance.now() - started) / 1000,
          picture: pixelsOf(made),
          channels: channelsOf(made),
        };
      }),

    cancel: () => abort.abort(),

    async png({ data, width, height }, settings) {
      const { writePng } = await import("../../file-writers.ts");
      const rgb = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
        return data[4 * Math.floor(i / 3) + (i % 3)];
      });
      return writePng({ width, height, channels: 3, data: rgb }, { settings });
    },
  };
}
