import { proxy } from "comlink";
import { ref, shallowRef } from "vue";
import { explainError, type Failure } from "../../network.ts";
import { useWorker } from "../../use-worker.ts";
import { downloadSum } from "./download-sum.ts";
import { example } from "./example.ts";
import type {
  ModelReport,
  ModelWork,
  Pixels,
  RunProgress,
  RunRequest,
  RunResult,
  Source,
} from "./model-work.ts";
import { startPicture } from "./start-picture.ts";

/** A model that the page has looked at. */
export interface Opened {
  /** What the page calls it: the folder's name, or the address. */
  readonly name: string;
  readonly source: Source;
  readonly isExample: boolean;
}

/** A picture of the model that is open, and what it was made with. */
export type Made = RunResult & { readonly request: RunRequest; readonly opened: Opened };

/** The size of a picture to start from, where nothing tells the model's. */
const USUAL = [512, 512] as const;

/** The stills that are kept of a run. */
const STILLS = 8;

/** The model that the room shows, and its runs. */
export function useModel() {
  const { inPage, work } = useWorker<ModelWork>({
    worker: () => new Worker(new URL("./model.worker.ts", import.meta.url), { type: "module" }),
    inPage: () => import("./create-model-work.ts").then((module) => module.createModelWork()),
  });
  const phase = ref<"idle" | "reading" | "running" | "stopping">("idle");
  const opened = shallowRef<Opened>();
  const report = shallowRef<ModelReport>();
  const progress = shallowRef<RunProgress>();
  const failure = shallowRef<Failure>();
  const made = shallowRef<Made>();
  /** The picture on its way, then the picture. */
  const picture = shallowRef<Pixels>();
  const stills = shallowRef<readonly Pixels[]>([]);
  /** Whether the last run was cancelled. */
  const cancelled = ref(false);
  // A call whose turn has passed changes nothing.
  let turn = 0;
  /** Whether the work has opened the model. It opens the example when the example is first tried. */
  let isOpen = false;

  function clear(): void {
    failure.value = undefined;
    progress.value = undefined;
    cancelled.value = false;
  }

  async function attempt<R>(what: string, call: (work: ModelWork) => Promise<R>) {
    const own = ++turn;
    clear();
    try {
      const result = await call((await work()) as unknown as ModelWork);
      return own === turn ? result : undefined;
    } catch (cause) {
      if (own === turn) failure.value = await explainError(cause, what);
      return undefined;
    } finally {
      if (own === turn) phase.value = "idle";
    }
  }

  /** Shows a model in place of the last one. */
  function show(next: Opened, known?: ModelReport): void {
    isOpen = false;
    report.value = known;
    opened.value = next;
    made.value = undefined;
    picture.value = undefined;
    stills.value = [];
  }

  async function open(next: Opened): Promise<void> {
    phase.value = "reading";
    show(next);
    report.value = await attempt(next.name, (work) => work.open(next.source));
    isOpen = report.value !== undefined;
  }

  /** Shows the example, whose files are the page's own. */
  function openExample(): void {
    void cancel();
    turn++;
    clear();
    phase.value = "idle";
    const url = new URL(example.folder, location.href.replace(/[?#].*/, "")).href;
    const name = example.folder;
    const source: Source = { kind: "url", url, sha256: example.sha256 };
    show({ name, source, isExample: true }, example.report);
  }

  /** Opens a model if the work has not done so. Returns whether it is open. */
  async function isOpened(work: ModelWork, current: Opened): Promise<boolean> {
    if (isOpen) return true;
    progress.value = { doing: "opening" };
    const found = await work.open(current.source);
    if (!found || opened.value !== current) return false;
    report.value = found;
    isOpen = true;
    // It may have been cancelled while the headers were read.
    return phase.value === "running";
  }

  /** Makes a picture, from another picture if there is one. */
  async function run(request: RunRequest, what: string, from?: Blob): Promise<void> {
    const current = opened.value;
    if (!current || phase.value !== "idle") return;
    phase.value = "running";
    const kept: Pixels[] = [];
    const downloads = downloadSum();
    const onProgress = (next: RunProgress) => {
      if (phase.value !== "running") return;
      progress.value = next.doing === "download" ? downloads(next) : next;
      if (next.doing !== "steps" || !next.preview) return;
      picture.value = next.preview;
      kept.push(next.preview);
      stills.value = thinned(kept);
    };
    let asked = request;
    const result = await attempt(what, async (work) => {
      if (!(await isOpened(work, current))) return undefined;
      if (from) {
        const size = request.size ?? report.value?.size ?? USUAL;
        asked = { ...request, start: await startPicture(from, size) };
      }
      return work.run(asked, proxy(onProgress));
    });
    progress.value = undefined;
    if (result) {
      made.value = { ...result, request: asked, opened: current };
      picture.value = result.picture;
    } else if (opened.value === current) {
      cancelled.value = !failure.value;
      picture.value = made.value?.picture ?? picture.value;
    }
  }

  async function cancel(): Promise<void> {
    if (phase.value === "idle") return;
    phase.value = "stopping";
    await (await work()).cancel();
  }

  return {
    ...{ inPage, phase, opened, report, progress, failure, made, picture, stills, cancelled },
    ...{ open, openExample, run, cancel },
    png: async (pixels: Pixels, settings: Parameters<ModelWork["png"]>[1]) =>
      (await work()).png(pixels, settings),
  };
}

/** At most `STILLS` of a run's previews, evenly spaced, the first and the last among them. */
function thinned(all: readonly Pixels[]): readonly Pixels[] {
  if (all.length <= STILLS) return [...all];
  return Array.from(
    { length: STILLS },
    (_, i) => all[Math.round((i * (all.length - 1)) / (STILLS - 1))],
  );
}
