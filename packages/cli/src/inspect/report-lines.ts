import type { FileValue } from "./file-values.ts";
import type { ModelReport } from "./model-report.ts";
import type { Verdict } from "./where-it-runs.ts";
import { wrapped } from "./wrapped.ts";

/** A model's report in aligned lines. */
export function reportLines(report: ModelReport): string[] {
  const { file, producer, opsets, irVersion, parameters, memory, dims } = report;
  const sets = Object.entries(opsets).map(([domain, version]) =>
    domain === "ai.onnx" ? `opset ${version}` : `${domain} ${version}`,
  );
  const made = [producer || "producer unknown", ...sets, `IR ${irVersion}`].join(", ");
  const counts = Object.values(report.operations);
  const operations = Object.entries(report.operations).map(([name, n]) => `${name} ${n}`);
  const dtypes = Object.entries(parameters.dtypes);
  const kinds = dtypes.map(([dtype, n]) => (dtypes.length > 1 ? `${grouped(n)} ${dtype}` : dtype));
  const nodes = counts.reduce((a, b) => a + b, 0);
  return [
    `${file}  ${bytesText(report.bytes)}  ${made}`,
    "",
    ...signatureLines(report),
    "",
    head("operations", `${grouped(nodes)} nodes, ${operations.length} kinds`),
    ...wrapped(operations, indent, "  "),
    "",
    head(
      "parameters",
      `${grouped(parameters.count)} in ${grouped(parameters.tensors)} tensors, ${bytesText(parameters.bytes)} (${kinds.join(", ") || "none"})`,
    ),
    ...(parameters.outside.length > 0
      ? [head("", `weights in ${parameters.outside.join(", ")}`)]
      : []),
    ...aligned(
      parameters.largest.map((t) => [t.name, t.dtype, shapeOf(t), bytesText(t.bytes)]),
      [3],
    ),
    "",
    head("memory", memory ? memoryText(memory) : "cannot be told"),
    ...(Object.keys(dims).length > 0 ? [head("", `where ${dimsText(dims)}`)] : []),
    "",
    ...runLines(report.runs),
  ];
}

const width = 12;
const indent = " ".repeat(width);
const head = (title: string, rest: string) => `${title.padEnd(width)}${rest}`;
const grouped = (n: number) => n.toLocaleString("en");
const shapeOf = ({ shape }: FileValue) => (shape ? `[${shape.join(", ")}]` : "");

const memoryText = ({ weights, activations }: NonNullable<ModelReport["memory"]>) =>
  `weights ${bytesText(weights)}, activations at most ${bytesText(activations)}`;

const dimsText = (dims: ModelReport["dims"]) =>
  Object.entries(dims)
    .map(([name, n]) => `${name} = ${n}`)
    .join(", ");

function signatureLines({ inputs, outputs }: ModelReport): string[] {
  const rows = aligned([...inputs, ...outputs].map((v) => [v.name, v.dtype, shapeOf(v)]));
  const titled = (title: string, row: string) => head(title, row.slice(width));
  return rows.map((row, i) => {
    if (i === inputs.length) return titled("outputs", row);
    return i === 0 ? titled("inputs", row) : row;
  });
}

function runLines(runs: readonly Verdict[]): string[] {
  const longest = Math.max(...runs.map(({ where }) => where.length));
  const lines: string[] = [];
  let above = "";
  for (const [i, { where, runs: does, obstacles, notes }] of runs.entries()) {
    const whole = (does ? notes : obstacles).join("; ");
    const rest = (!does && whole === above ? "as above" : whole).split(" ");
    above = does ? "" : whole;
    const start = `${(i === 0 ? "runs on" : "").padEnd(width)}${where.padEnd(longest)}  ${does ? "yes" : "no "}  `;
    const [first = "", ...others] = wrapped(rest, " ".repeat(start.length));
    lines.push((start + first.trimStart()).trimEnd(), ...others);
  }
  return lines;
}

/** Rows of columns, under each other. */
function aligned(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, k) => Math.max(...rows.map((row) => row[k].length)));
  const cell = (text: string, k: number) =>
    right.includes(k) ? text.padStart(widths[k]) : text.padEnd(widths[k]);
  return rows.map((row) => (indent + row.map(cell).join("  ")).trimEnd());
}

/** `812 B`, `4.6 MB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : Number(value.toPrecision(2))} ${units[unit]}`;
}
