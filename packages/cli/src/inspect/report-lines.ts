import { alignColumns } from "../align-columns.ts";
import { bytesText } from "../terminal.ts";
import type { ModelReport } from "./model-report.ts";
import type { FileValue } from "./onnx-file.ts";

/** A model's report in aligned lines. */
export function reportLines(report: ModelReport): string[] {
  const { file, producer, opsets, irVersion, parameters, memory, dims } = report;
  const sets = Object.entries(opsets).map(([domain, version]) =>
    domain === "ai.onnx" ? `opset ${version}` : `${domain} ${version}`,
  );
  const origin = [producer || "producer unknown", ...sets, `IR ${irVersion}`].join(", ");
  const operations = Object.entries(report.operations).map(([name, n]) => `${name} ${n}`);
  const { outside, largest } = parameters;
  const rows = largest.map((t) => [t.name, t.dtype, shapeOf(t), bytesText(t.bytes)]);
  const dtypes = Object.entries(parameters.dtypes);
  const kinds = dtypes.map(([dtype, n]) => (dtypes.length > 1 ? `${grouped(n)} ${dtype}` : dtype));
  const nodes = Object.values(report.operations).reduce((a, b) => a + b, 0);
  const sizes = Object.entries(dims).map(([name, n]) => `${name} = ${n}`);
  const needs = memory
    ? `weights ${bytesText(memory.weights)}, activations at most ${bytesText(memory.activations)}`
    : "unknown";
  const counts = `${grouped(parameters.count)} in ${grouped(parameters.tensors)} tensors`;
  return [
    `${file}  ${bytesText(report.bytes)}  ${origin}`,
    "",
    ...signatureLines(report),
    "",
    head("operations", `${grouped(nodes)} nodes, ${operations.length} kinds`),
    ...wrapText(operations, indent, "  "),
    "",
    head("parameters", `${counts}, ${bytesText(parameters.bytes)} (${kinds.join(", ") || "none"})`),
    ...(outside.length > 0 ? [head("", `weights in ${outside.join(", ")}`)] : []),
    ...alignColumns(rows, 3).map((line) => indent + line),
    "",
    head("memory", needs),
    ...(sizes.length > 0 ? [head("", `where ${sizes.join(", ")}`)] : []),
    "",
    ...runLines(report.runs),
  ];
}

const width = 12;
export const indent = " ".repeat(width);
export const head = (title: string, rest: string) => `${title.padEnd(width)}${rest}`;
const grouped = (n: number) => n.toLocaleString("en");
const shapeOf = ({ shape }: FileValue) => (shape ? `[${shape.join(", ")}]` : "");

function signatureLines({ inputs, outputs }: ModelReport): string[] {
  const rows = alignColumns([...inputs, ...outputs].map((v) => [v.name, v.dtype, shapeOf(v)]));
  const title = (i: number) => (i === inputs.length ? "outputs" : i === 0 ? "inputs" : "");
  return rows.map((row, i) => head(title(i), row));
}

function runLines(runs: ModelReport["runs"]): string[] {
  const longest = Math.max(...runs.map(({ where }) => where.length));
  return runs.flatMap(({ where, runs: does, obstacles, notes }, i) => {
    const details = (does ? notes : obstacles).join("; ");
    const above = runs[i - 1]?.runs === false ? runs[i - 1].obstacles.join("; ") : "";
    const words = (!does && details === above ? "as above" : details).split(" ");
    const start = `${head(i === 0 ? "runs on" : "", where.padEnd(longest))}  ${does ? "yes" : "no "}  `;
    const [first = "", ...others] = wrapText(words, " ".repeat(start.length));
    return [(start + first.trimStart()).trimEnd(), ...others];
  });
}

/** Joins pieces into lines of at most 100 characters that begin with `indent`. */
export function wrapText(pieces: readonly string[], indent: string, between = " "): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const longer = lines.length > 0 ? lines[lines.length - 1] + between + piece : "";
    if (longer !== "" && longer.length <= 100) lines[lines.length - 1] = longer;
    else lines.push(indent + piece);
  }
  return lines;
}
