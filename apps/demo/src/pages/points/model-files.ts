import { writeSafetensors } from "@gen/data";
import { toOnnx } from "@gen/graph/onnx";
import { networkGraph, type StoredTensor, weightsOf, withWeights } from "@gen/nn";
import { pipelineFiles } from "@gen/pipeline";
import { denoiser } from "@gen/sampling";
import { zipFolder } from "../../zip-folder.ts";
import { pointDenoiser } from "./point-denoiser.ts";
import { schedule } from "./schedule.ts";

/*
 * The files of a denoiser of points. They are made when a reader saves one.
 */

type Stored = Readonly<Record<string, StoredTensor>>;

const networkOf = (weights: Stored) => withWeights(pointDenoiser(), weights);

/** The network as an ONNX model: x `[batch, 2]`, t `[batch]` to epsilon. */
export const onnxFile = (weights: Stored): Blob =>
  new Blob([toOnnx(networkGraph(networkOf(weights), "epsilon")) as BlobPart]);

/** The weights as safetensors, under the names of the network's parameters. */
export const weightsFile = (weights: Stored, bound: number): Blob =>
  new Blob([writeSafetensors(weightsOf(networkOf(weights)), { bound: String(bound) }) as BlobPart]);

/** The network and its schedule as a folder in diffusers' layout, which `loadPipeline` opens. */
export const folderFile = (weights: Stored, bound: number): Blob =>
  zipFolder(
    pipelineFiles({
      kind: "diffusion",
      denoiser: denoiser(networkOf(weights)),
      scheduler: { schedule, predictionType: "epsilon", clip: bound, spacing: "trailing" },
      shape: [2],
    }),
  );
