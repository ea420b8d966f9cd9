import { proxy } from "comlink";
import { useWorker } from "../../use-worker.ts";
import type { ImagesWork } from "./images-work.ts";

/** The work of this room, in a worker or in the page itself. It starts at the first request. */
export function useImagesWork() {
  const { inPage, work, end } = useWorker<ImagesWork>({
    worker: () => new Worker(new URL("./images.worker.ts", import.meta.url), { type: "module" }),
    inPage: () => import("./create-work.ts").then((module) => module.createWork()),
  });
  const api: Omit<ImagesWork, "ready"> = {
    make: async (request, onMoment, onProgress) =>
      (await work()).make(request, proxy(onMoment), proxy(onProgress)),
    roundTrips: async (request, onTrip, onProgress) =>
      (await work()).roundTrips(request, proxy(onTrip), proxy(onProgress)),
    fill: async (request, onProgress) => (await work()).fill(request, proxy(onProgress)),
    stop: async () => (await work()).stop(),
  };
  return { ...api, inPage, /** Ends the worker; the next request starts a new one. */ end };
}
