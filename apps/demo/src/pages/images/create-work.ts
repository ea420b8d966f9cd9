import type { Backend } from "@gen/runtime-gpu";
import { backendError } from "../../backends/backend-error.ts";
import { openBackend } from "../../backends/open-backend.ts";
import { fillIn } from "./fill-in.ts";
import type { FromFolder, ImagesWork, RunProgress } from "./images-work.ts";
import { makePictures } from "./make-pictures.ts";
import { folderAt, openModel, type PictureModel } from "./picture-model.ts";
import { roundTrips } from "./round-trip.ts";
import type { ModelId } from "./settings.ts";

/** Milliseconds between two reports: each is a message to the page. */
const REPORT_EVERY = 60;

/** Creates the work of this room. It runs in the thread that calls it, one run at a time. */
export function createWork(): ImagesWork {
  const models = new Map<ModelId, Promise<PictureModel>>();
  let opening: Promise<Backend> | undefined;
  let abort = new AbortController();
  let last: Promise<unknown> = Promise.resolve();

  function backendOnce(): Promise<Backend> {
    opening ??= openBackend("onnx/wasm").catch((cause: Error) => {
      opening = undefined;
      throw Object.assign(new Error(cause.message), { name: backendError });
    });
    return opening;
  }

  function modelOf(backend: Backend, { folders, model }: FromFolder): Promise<PictureModel> {
    const open = models.get(model) ?? openModel(backend, folderAt(`${folders}${model}/`));
    models.set(model, open);
    // A folder that could not be read is tried again.
    open.catch(() => models.delete(model));
    return open;
  }

  /** Ends the run under way, then runs `work`. Undefined if the next request or a stop ends it. */
  function run<R>(
    from: FromFolder,
    work: (backend: Backend, model: PictureModel, signal: AbortSignal) => Promise<R>,
  ): Promise<R | undefined> {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const before = last;
    const running = (async () => {
      await before;
      if (signal.aborted) return undefined;
      const backend = await backendOnce();
      const model = await modelOf(backend, from);
      if (signal.aborted) return undefined;
      try {
        return await work(backend, model, signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        throw error;
      }
    })();
    last = running.catch(() => undefined);
    return running;
  }

  return {
    // If the worker's script is blocked, this call never returns.
    ready: () => true,
    make: (request, onMoment, onProgress) =>
      run(request, (_, model, signal) =>
        makePictures(model, request.settings, { signal, onMoment, onStep: seldom(onProgress) }),
      ),
    roundTrips(request, onTrip, onProgress) {
      const report = seldom(onProgress);
      const started = performance.now();
      const onStep = (step: number, steps: number) => {
        const seconds = (performance.now() - started) / 1000;
        report(step, steps, (seconds / step) * (steps - step));
      };
      return run(request, (backend, model, signal) =>
        roundTrips(backend, model, request, { signal, onTrip, onStep }),
      );
    },
    fill: (request, onProgress) =>
      run(request, (backend, model, signal) =>
        fillIn(backend, model, request, { signal, onStep: seldom(onProgress) }),
      ),
    stop: () => abort.abort(),
  };
}

/** Reports at most once in `REPORT_EVERY` milliseconds. */
function seldom(report: (progress: RunProgress) => void) {
  let next = 0;
  return (step: number, steps: number, secondsLeft: number) => {
    const now = performance.now();
    if (now < next && step < steps) return;
    next = now + REPORT_EVERY;
    report({ step, steps, secondsLeft });
  };
}
