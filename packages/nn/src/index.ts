export { type Activation, activationFunction } from "./activation.ts";
export { attention, tokenAttention } from "./attention.ts";
export { residualBlock, spatialTransformer } from "./blocks.ts";
export { convDecoder, convEncoder } from "./conv-coders.ts";
export { convolution, downsample, upsample } from "./convolution.ts";
export { dit } from "./dit.ts";
export { embedding, timestepEmbedding } from "./embedding.ts";
export {
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
export { linear } from "./linear.ts";
export { lion } from "./lion.ts";
export { mlp } from "./mlp.ts";
export { type Network, network, networkGraph } from "./network.ts";
export { groupNorm, layerNorm } from "./normalization.ts";
export {
  adam,
  adamw,
  cosineDecay,
  type LearningRate,
  linearDecay,
  type Optimizer,
} from "./optimizer.ts";
export { sgd } from "./sgd.ts";
export { train } from "./train.ts";
export type {
  BatchInput,
  Loss,
  ModelTrainingOptions,
  Training,
  TrainOptions,
  TrainProgress,
  TrainResult,
} from "./train-options.ts";
export { stateFromTensors, stateTensors, type TrainingState } from "./training-state.ts";
export { unet } from "./unet.ts";
export {
  type FloatTensor,
  type StoredTensor,
  type Weighted,
  type Weights,
  weightInputs,
  weightsOf,
  withWeights,
} from "./weights.ts";
