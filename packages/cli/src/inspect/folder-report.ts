import type { PipelineFolder } from "@gen/pipeline";
import type { ModelReport } from "./model-report.ts";
import type { FileValue } from "./onnx-file.ts";
import { alignColumns, head, indent, wrapText } from "./report-lines.ts";

/** Inputs of a denoiser that are no conditions. */
const OWN_INPUTS = /^(sample|x|hidden_states|timestep|t|img_ids|txt_ids)$/;

/** What `gen inspect` says of a folder beside its models. */
export interface FolderReport
  extends Pick<PipelineFolder, "kind" | "missing" | "tokenizers" | "multiple"> {
  readonly className: string | null;
  readonly parts: readonly { readonly name: string; readonly purpose: string }[];
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
  const { kind, className, parts, missing, conditions, tokenizers, latent, multiple } = folder;
  const { factor, scaling } = folder;
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
    parts: parts.map(({ name, purpose }) => ({ name, purpose })),
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
  const { kind, className, parts, missing, conditions, tokenizers, scaling } = report;
  const { latent, multiple, image } = report;
  const listed = (title: string, lines: readonly string[]) =>
    lines.map((line, i) => head(i === 0 ? title : "", line.slice(indent.length)));
  const size = `samples [${latent.map((d) => d ?? "open").join(", ")}]`;
  const steps = multiple > 1 ? `, sides multiples of ${multiple}` : "";
  const pixels = image ? `, images ${image[1]} x ${image[0]} (width x height)` : "";
  return [
    className === null ? kind : `${kind}  ${className}`,
    "",
    ...listed("parts", alignColumns(parts.map(({ name, purpose }) => [name, purpose]))),
    ...missing.flatMap((line) => listed("missing", wrapText(line.split(" "), indent))),
    ...listed(
      "conditions",
      alignColumns(
        conditions.map(({ name, dtype, shape }) => [name, dtype, `[${shape?.join(", ")}]`]),
      ),
    ),
    ...tokenizers.flatMap(({ name, files }) => {
      const inside = files.map((file) => file.slice(name.length + 1)).join(", ");
      return listed(name, wrapText(inside.split(" "), indent));
    }),
    head("size", `${size}${steps}${pixels}`),
    ...(scaling ? [head("latents", `(z - ${scaling.shift}) * ${scaling.factor}`)] : []),
  ];
}
