/**
 * Detects features that an engine may lack. It runs in the page as source text, so it uses nothing
 * from outside.
 */
export async function engineFeatures() {
  const attempt = async (probe: () => unknown): Promise<boolean> => {
    try {
      return !!(await probe());
    } catch {
      return false;
    }
  };
  /** Whether a worker with this source posts `true`. */
  const worker = (source: string, type: WorkerType = "module") =>
    attempt(
      () =>
        new Promise((resolve, reject) => {
          const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const started = new Worker(url, { type });
          const finish = (value: unknown) => {
            started.terminate();
            URL.revokeObjectURL(url);
            resolve(value);
          };
          started.onmessage = ({ data }) => finish(data);
          started.onerror = (event) => {
            event.preventDefault();
            reject(new Error(event.message));
          };
          setTimeout(() => finish(false), 10_000);
        }),
    );
  const gl = () => document.createElement("canvas").getContext("webgl2");
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  return {
    sharedMemory: await attempt(() => new SharedArrayBuffer(8)),
    webgpu: await attempt(() => gpu?.requestAdapter()),
    webgl2: await attempt(gl),
    webglFloatTargets: await attempt(() => gl()?.getExtension("EXT_color_buffer_float")),
    workerWebgl2: await worker("postMessage(!!new OffscreenCanvas(1, 1).getContext('webgl2'))"),
    moduleWorkers: await worker("postMessage(true)"),
    workerCanvas: await worker("postMessage(!!new OffscreenCanvas(1, 1).getContext('2d'))"),
    cacheStorage: await attempt(async () => {
      await caches.open("gen-features");
      return caches.delete("gen-features");
    }),
    indexedDb: await attempt(
      () =>
        new Promise((resolve, reject) => {
          const request = indexedDB.open("gen-features");
          request.onsuccess = () => {
            request.result.close();
            indexedDB.deleteDatabase("gen-features");
            resolve(true);
          };
          request.onerror = () => reject(request.error);
        }),
    ),
    originFiles: await attempt(async () => {
      const folder = await navigator.storage.getDirectory();
      const file = await folder.getFileHandle("gen-features", { create: true });
      await folder.removeEntry("gen-features");
      return "createWritable" in file;
    }),
    mediaRecorder: await attempt(
      () => typeof MediaRecorder === "function" && "captureStream" in HTMLCanvasElement.prototype,
    ),
    halfFloatArrays: await attempt(() => "Float16Array" in globalThis),
    deviceMemory: await attempt(() => (navigator as { deviceMemory?: number }).deviceMemory),
  };
}

export type EngineFeatures = Awaited<ReturnType<typeof engineFeatures>>;
export type FeatureName = keyof EngineFeatures;
