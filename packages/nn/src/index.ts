export { type Activation, activationFunction } from "./activation.ts";
export { type AdamOptions, adam, adamw } from "./adam.ts";
export { type AttentionOptions, attention } from "./attention.ts";
export type { BatchInput } from "./batch-input.ts";
export { type ConvDecoderOptions, convDecoder } from "./conv-decoder.ts";
export { type ConvEncoderOptions, convEncoder } from "./conv-encoder.ts";
export { type ConvolutionOptions, convolution } from "./convolution.ts";
export { type DitOptions, dit } from "./dit.ts";
export { embedding } from "./embedding.ts";
export { defaultGroups, type GroupNormOptions, groupNorm } from "./group-norm.ts";
export {
  fanInOut,
  fanInUniform,
  type Initializer,
  initializedParameter,
  kaimingNormal,
  kaimingUniform,
  normalWeights,
  ones,
  uniform,
  type WeightKey,
  xavierNormal,
  xavierUniform,
  zeros,
} from "./initializers.ts";
export { type LayerNormOptions, layerNorm } from "./layer-norm.ts";
export { cosineDecay, type DecayOptions, linearDecay } from "./learning-rates.ts";
export { type LayerOptions, linear } from "./linear.ts";
export { type MlpOptions, mlp } from "./mlp.ts";
export type { MovingAverageOptions } from "./moving-average.ts";
export { type Network, network, networkGraph } from "./network.ts";
export type { LearningRate, Optimizer, WeightUpdate } from "./optimizer.ts";
export { downsample, upsample } from "./resample.ts";
export { type ResidualBlockOptions, residualBlock } from "./residual-block.ts";
export { type SpatialTransformerOptions, spatialTransformer } from "./spatial-transformer.ts";
export type { FloatTensor, StoredTensor, Weights } from "./stored-tensor.ts";
export { type TimestepEmbeddingOptions, timestepEmbedding } from "./timestep-embedding.ts";
export { type TokenAttentionOptions, tokenAttention } from "./token-attention.ts";
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
export { type UnetOptions, unet } from "./unet.ts";
export { type Weighted, weightsOf, withWeights } from "./weights.ts";
