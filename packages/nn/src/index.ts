export { type Activation, activationFunction } from "./activation.ts";
export { adam, adamw } from "./adam.ts";
export { attention } from "./attention.ts";
export type { BatchInput } from "./batch-input.ts";
export { convDecoder } from "./conv-decoder.ts";
export { convEncoder } from "./conv-encoder.ts";
export { convolution } from "./convolution.ts";
export { dit } from "./dit.ts";
export { embedding } from "./embedding.ts";
export { groupNorm } from "./group-norm.ts";
export {
  fanInUniform,
  type Initializer,
  initializedParameter,
  kaimingNormal,
  kaimingUniform,
  normalWeights,
  ones,
  uniform,
  xavierNormal,
  xavierUniform,
  zeros,
} from "./initializers.ts";
export { layerNorm } from "./layer-norm.ts";
export { cosineDecay, linearDecay } from "./learning-rates.ts";
export { linear } from "./linear.ts";
export { mlp } from "./mlp.ts";
export { type Network, network, networkGraph } from "./network.ts";
export type { LearningRate, Optimizer } from "./optimizer.ts";
export { downsample, upsample } from "./resample.ts";
export { residualBlock } from "./residual-block.ts";
export { spatialTransformer } from "./spatial-transformer.ts";
export type { FloatTensor, StoredTensor, Weights } from "./stored-tensor.ts";
export { timestepEmbedding } from "./timestep-embedding.ts";
export { tokenAttention } from "./token-attention.ts";
export { train } from "./train.ts";
export type {
  Loss,
  ModelTrainingOptions,
  Training,
  TrainOptions,
  TrainProgress,
  TrainResult,
} from "./train-options.ts";
export { stateFromTensors, stateTensors, type TrainingState } from "./training-state.ts";
export { unet } from "./unet.ts";
export { type Weighted, weightsOf, withWeights } from "./weights.ts";
