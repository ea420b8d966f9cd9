import type { Strings } from "../../strings/en.ts";
import { size } from "./drawings.ts";
import type { Pictures } from "./latent-api.ts";
import type { Measured, PlainWeights } from "./mlp-vae.ts";

/** The files that the room gives, named in the current language. */
export function latentFiles(
  labels: Record<"encoder" | "decoder", string> & Strings["takeAway"],
  weights?: PlainWeights,
  pictures?: Pictures,
  measured?: Measured,
) {
  const file = (make: (weights: PlainWeights) => Promise<Uint8Array>) =>
    weights && (async () => new Blob([(await make(weights)) as BlobPart]));
  const writers = () => import("./export-model.ts");
  return [
    {
      label: labels.encoder,
      name: "encoder.onnx",
      make: file(async (w) => (await writers()).encoderFile(w)),
    },
    {
      label: labels.decoder,
      name: "decoder.onnx",
      make: file(async (w) => (await writers()).decoderFile(w)),
    },
    {
      label: labels.safetensors,
      name: "vae.safetensors",
      make: file(async (w) => (await writers()).weightsFile(w)),
    },
    {
      label: labels.points,
      name: "latent-points.csv",
      make: pictures && measured && (() => csvOf(pictures, measured)),
    },
    {
      label: labels.folder,
      name: "vae.zip",
      make: weights && (async () => (await writers()).folderFile(weights)),
    },
  ];
}

/** A line for each picture: its class, its place in the plane, its terms in nats. */
function csvOf({ pixels, labels }: Pictures, { mean, reconstruction, kl }: Measured): Blob {
  const lines = Array.from({ length: pixels.length / size }, (_, i) =>
    [
      labels[i],
      ...[mean[2 * i], mean[2 * i + 1], reconstruction[i], kl[i]].map((v) => v.toFixed(6)),
    ].join(","),
  );
  return new Blob([["class,z1,z2,reconstruction,kl", ...lines, ""].join("\n")], {
    type: "text/csv",
  });
}
