// The page of TensorFlow.js's UNet, with its own gradients or with those made by hand.
import { weightsOf } from "@gen/nn";
import { getThreadsCount, setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { tfjsUnet } from "../peers/tfjs-unet.mjs";
import { benchUnet, pictures, size } from "../unet.mjs";
import { expose } from "./expose.mjs";

export async function exposeTfjsUnet({ byHand }) {
  setThreadsCount(2);
  const files = new URL("/tfjs/", location.href).href;
  const tfjs = await tfjsUnet(weightsOf(benchUnet()), size, { files, byHand });
  const images = Float32Array.from(pictures(), (v) => v / 127.5 - 1);
  const threads = () => `${getThreadsCount()} ${getThreadsCount() === 1 ? "thread" : "threads"}`;
  expose(
    { ...tfjs, trainer: (batch) => tfjs.trainer(images, batch) },
    { name: () => `${tfjs.name}, ${threads()}`, gradients: (x, t) => tfjs.gradients(x, t) },
  );
}
