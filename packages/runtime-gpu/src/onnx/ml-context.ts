import { unavailable } from "../errors.ts";

/*
 * The page's WebNN, apart from the device on it: a page that only looks for WebNN does not load the
 * writer of ONNX models.
 */

/** The part of WebNN's `MLContext` that is used here. */
export interface MlContext {
  readonly lost: Promise<{ readonly message: string }>;
  opSupportLimits(): { readonly input?: { readonly dataTypes?: readonly string[] } };
  destroy?(): void;
}
interface Ml {
  createContext(options: object): Promise<MlContext>;
}

export const deviceType = "gpu";

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
