import type { PipelineFolder } from "@gen/pipeline";
import { alignColumns } from "../align-columns.ts";
import { bytesText } from "../terminal.ts";
import type { ModelReport } from "./model-report.ts";
import type { FileValue } from "./onnx-file.ts";
import { head, indent, wrapText } from "./report-lines.ts";

/** Inputs of a denoiser that are no conditions. */
const OWN_INPUTS = /^(sample|x|hidden_states|timestep|t|img_ids|txt_ids)$/;

/** What `gen inspect` says of a folder beside its models. */
export interface FolderReport
  extends Pick<PipelineFolder, "kind" | "needs" | "missing" | "tokenizers" | "multiple"> {
  readonly className: string | null;
  readonly parts: readonly {
    readonly name: string;
    readonly purpose: string;
    /** Bytes of its weights; null where its model cannot be read. */
    readonly weights: number | null;
  }[];
  /** Bytes: the weights of all parts, and the most that a run of one part holds beside them. */
  readonly memory: { readonly weights: number; readonly activations: number };
  /** What the denoiser takes beside x and t, as its file has it. */
  readonly conditions: readonly FileValue[];
  /** The shape of a sample; null where only a caller's size tells it. */
  readonly latent: readonly (number | null)[];
  /** Height and width of an image. */
  readonly image: readonly number[] | null;
  readonly scaling: PipelineFolder["scaling"] | null;
}

const numberOrNull = (d: number | string) => (typeof d === "number" ? d : null);

/** The report on a folder whose models have these reports. */
export function folderReport(folder: PipelineFolder, models: readonly ModelReport[]): FolderReport {
  const { kind, needs, className, missing, conditions, tokenizers, latent, multiple } = folder;
  const { factor, scaling } = folder;
  const parts = folder.parts.map(({ name, purpose, model }) => {
    const report = models.find(({ file }) => file === model);
    return { name, purpose, weights: report?.parameters.bytes ?? null };
  });
  const denoiser = models.find(({ file }) => /^(unet|transformer)\//.test(file));
  const inputs = denoiser?.inputs.filter(({ name }) => !OWN_INPUTS.test(name)) ?? [];
  const concat = conditions.concat
    ? [{ name: "concat", dtype: "float32", shape: conditions.concat.shape }]
    : [];
  const sample = denoiser?.inputs[0]?.shape;
  const inFile = sample?.length === 4 ? sample.slice(1).map(numberOrNull) : [];
  const [channels, ...sides] = latent.map((d, i) => d ?? inFile[i] ?? null);
  return {
    kind,
    className: className ?? null,
    needs,
    parts,
    memory: {
      weights: parts.reduce((sum, { weights }) => sum + (weights ?? 0), 0),
      activations: Math.max(0, ...models.map(({ memory }) => memory?.activations ?? 0)),
    },
    missing,
    conditions: [...concat, ...inputs],
    tokenizers,
    latent: [channels, ...sides],
    multiple,
    /** Height and width of an image. */
    image:
      factor && sides.every((side) => side) ? sides.map((side) => factor * Number(side)) : null,
    scaling: scaling ?? null,
  };
}

/** A folder's report in lines. */
export function folderLines(report: FolderReport): string[] {
  const { kind, className, needs, parts, missing, conditions, tokenizers, scaling } = report;
  const { latent, multiple, image, memory } = report;
  const listed = (title: string, lines: readonly string[]) =>
    lines.map((line, i) => head(i === 0 ? title : "", line));
  const wrapped = (text: string) =>
    wrapText(text.split(" "), indent).map((line) => line.slice(indent.length));
  const size = `samples [${latent.map((d) => d ?? "open").join(", ")}]`;
  const steps = multiple > 1 ? `, sides multiples of ${multiple}` : "";
  const pixels = image ? `, images ${image[1]} x ${image[0]} (width x height)` : "";
  return [
    className === null ? kind : `${kind}  ${className}`,
    "",
    head("needs", needs.length > 0 ? needs.map((need) => `a ${need}`).join(", ") : "nothing"),
    ...listed(
      "parts",
      alignColumns(
        parts.map(({ name, purpose, weights }) => [
          name,
          purpose,
          weights === null ? "" : bytesText(weights),
        ]),
        2,
      ),
    ),
    ...missing.flatMap((line) => listed("missing", wrapped(line))),
    ...listed(
      "conditions",
      alignColumns(
        conditions.map(({ name, dtype, shape }) => [name, dtype, `[${shape?.join(", ")}]`]),
      ),
    ),
    ...tokenizers.flatMap(({ name, files }) => {
      const inside = files.map((file) => file.slice(name.length + 1)).join(", ");
      return listed(name, wrapped(inside));
    }),
    head("size", `${size}${steps}${pixels}`),
    head(
      "memory",
      `weights ${bytesText(memory.weights)}, activations of a part at most ${bytesText(memory.activations)}`,
    ),
    ...(scaling ? [head("latents", `(z - ${scaling.shift}) * ${scaling.factor}`)] : []),
  ];
}
