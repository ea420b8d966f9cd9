/*
 * ONNX Runtime's WebNN provider in a page. Tensors are in host memory, and each run copies its inputs
 * to the page's MLContext and its outputs back.
 */
import type { Device } from "../device.ts";
import { hostDevice } from "./host-device.ts";
import { deviceType, type MlContext } from "./ml-context.ts";
import { pageQueue } from "./page-queue.ts";
import type { Ort, OrtTensor } from "./runtime.ts";

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
