import type { StoredTensor } from "@gen/nn";
import { csvPoints } from "../../files.ts";
import type { Strings } from "../../strings/en.ts";
import { boundOf } from "./bound.ts";
import type { Method } from "./worker-api.ts";

type Labels = Strings["takeAway"];

/** A trained denoiser of points, and the data that it learned, `[n, 2]`. */
export interface LearnedModel {
  readonly weights: Readonly<Record<string, StoredTensor>>;
  readonly points: Float32Array;
}

/** The files of the points that each method drew. */
export const pointFiles = (
  labels: Labels,
  drawn: Readonly<Partial<Record<Method, Float32Array>>>,
) =>
  (["ddpm", "ddim"] as const).map((method) => {
    const own = drawn[method];
    return {
      label: `${method.toUpperCase()}: ${labels.points}`,
      name: `${method}-points.csv`,
      make: own && (() => csvPoints(own)),
    };
  });

/** The files of a trained model. Without one, they cannot be saved yet. */
export function modelFiles(labels: Labels, model: LearnedModel | undefined) {
  const made = (make: (files: Files, model: LearnedModel) => Blob) =>
    model && (async () => make(await import("./model-files.ts"), model));
  return [
    {
      label: labels.onnx,
      name: "points.onnx",
      make: made((files, { weights }) => files.onnxFile(weights)),
    },
    {
      label: labels.safetensors,
      name: "points.safetensors",
      make: made((files, { weights, points }) => files.weightsFile(weights, boundOf(points))),
    },
    {
      label: labels.folder,
      name: "points.zip",
      make: made((files, { weights, points }) => files.folderFile(weights, boundOf(points))),
    },
  ];
}

type Files = typeof import("./model-files.ts");
