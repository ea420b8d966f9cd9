/**
 * Models behind a server of the Open Inference Protocol: Triton, OpenVINO Model Server, MLServer.
 */
export { kserveDenoiser } from "./kserve/kserve-denoiser.ts";
export { type KserveModel, kserveModel } from "./kserve/kserve-model.ts";
export type { RemoteTensor } from "./kserve/tensor-message.ts";
