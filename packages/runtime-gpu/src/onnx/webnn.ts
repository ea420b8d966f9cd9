/*
 * ONNX Runtime's WebNN provider in a page. Tensors are in host memory, and each run copies its inputs
 * to the page's MLContext and its outputs back.
 */
import type { Device } from "../device.ts";
import { unavailable } from "../errors.ts";
import { hostDevice } from "./host-device.ts";
import { pageQueue } from "./page-queue.ts";
import type { Ort, OrtTensor } from "./runtime.ts";

/** The part of WebNN's `MLContext` that is used here. */
export interface MlContext {
  readonly lost: Promise<{ readonly message: string }>;
  opSupportLimits(): { readonly input?: { readonly dataTypes?: readonly string[] } };
  destroy?(): void;
}
interface Ml {
  createContext(options: object): Promise<MlContext>;
}

const deviceType = "gpu";

/** The page's WebNN on its GPU. @throws GenError `backend-unavailable` when the page has none. */
export async function requestMlContext(): Promise<MlContext> {
  const { ml } = (globalThis as { navigator?: { ml?: Ml } }).navigator ?? {};
  if (!ml) {
    throw unavailable(
      "WebNN is not there: this page has no navigator.ml; start Chrome or Edge with --enable-features=WebMachineLearningNeuralNetwork",
    );
  }
  try {
    return await ml.createContext({ deviceType, powerPreference: "high-performance" });
  } catch (cause) {
    throw unavailable(`WebNN is not there: ${(cause as Error).message}`, { cause });
  }
}

/** A device on the page's WebNN. Closing it ends `context`. */
export function webnnDevice(ort: Ort, context: MlContext): Device<OrtTensor> {
  const provider = { name: "webnn", deviceType, context } as const;
  const device = hostDevice("onnx/webnn", "plain", ort, { executionProviders: [provider] });
  const { inTurn } = pageQueue;
  return {
    ...device,
    lost: context.lost.then(({ message }) => message),
    async compile(graph, inPlace) {
      const { run, dispose } = await inTurn(() => device.compile(graph, inPlace));
      return {
        run: (...given) => inTurn(() => run(...given)),
        dispose: () => inTurn(dispose),
      };
    },
    async close() {
      await device.close();
      context.destroy?.();
    },
  };
}
