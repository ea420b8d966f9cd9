/**
 * Models behind a server of the Open Inference Protocol: Triton, OpenVINO Model Server, MLServer.
 */
export {
  type KserveDenoiser,
  type KserveDenoiserOptions,
  kserveDenoiser,
} from "./kserve/kserve-denoiser.ts";
export { type KserveModel, type KserveOptions, kserveModel } from "./kserve/kserve-model.ts";
export type { RemoteSignature, RemoteTensor } from "./kserve/tensor-message.ts";
