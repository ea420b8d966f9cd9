import { backendError } from "../../backends/backend-error.ts";
import { size } from "./drawings.ts";
import type { LatentApi } from "./latent-api.ts";
import { measure, plainVae } from "./mlp-vae.ts";
import { fetchDigits, pictureReader } from "./pictures.ts";
import type { StopSignal } from "./train-latent.ts";

/** Creates the work of the room. Only training loads a backend. */
export function createLatentApi(readDigits = fetchDigits): LatentApi {
  const picturesOf = pictureReader(readDigits);
  let backend: ReturnType<typeof openWasm> | undefined;
  let stopSignal: StopSignal | undefined;

  function openedBackend(): ReturnType<typeof openWasm> {
    backend ??= openWasm().catch((cause: Error) => {
      backend = undefined;
      throw Object.assign(new Error(cause.message), { name: backendError });
    });
    return backend;
  }

  return {
    ready: () => true,

    async open(source, weights) {
      const pictures = await picturesOf(source);
      return { pictures, measured: measure(plainVae(weights), pictures.pixels, size) };
    },

    async train(request, onReport) {
      const signal: StopSignal = { aborted: false, step: request.resume?.step ?? 0 };
      stopSignal = signal;
      const [{ trainLatent }, pictures, opened] = await Promise.all([
        import("./train-latent.ts"),
        picturesOf(request.source),
        openedBackend(),
      ]);
      onReport({ backendName: opened.name });
      return trainLatent({ backend: opened, request, pictures, signal, onReport });
    },

    stop() {
      if (!stopSignal || stopSignal.aborted) return;
      stopSignal.aborted = true;
      stopSignal.stopRequestedAt = stopSignal.step;
    },
  };
}

/** Opens ONNX Runtime's WASM, or what the page may run in its place. One thread is fastest here. */
async function openWasm() {
  const [{ availableChoices, defaultChoice }, { openBackend }] = await Promise.all([
    import("../../backends/choices.ts"),
    import("../../backends/open-backend.ts"),
  ]);
  return openBackend(defaultChoice(await availableChoices(), "onnx/wasm"), 1);
}
