import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { errorCode } from "@gen/math";
import { backendKinds } from "@gen/runtime-gpu";
import { Command } from "commander";
import { errorLine, usageError } from "../errors.ts";
import { type InspectOptions, type ModelReport, modelReport } from "../inspect/model-report.ts";
import { pipelineReport, schedulerLines } from "../inspect/pipeline-report.ts";
import { reportLines } from "../inspect/report-lines.ts";
import { folderReaders } from "../model-folder.ts";
import { choice, dimension, integer } from "../options.ts";
import { print } from "../terminal.ts";

interface InspectCommandOptions extends Pick<InspectOptions, "batch" | "backend"> {
  readonly dim?: InspectOptions["dims"];
  readonly json: boolean;
}

/** `gen inspect`. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description(
      "report on an ONNX model or a pipeline folder: its content, and which backends run it",
    )
    .argument("<path>", "a file such as model.onnx, or a folder with unet/model.onnx")
    .addOption(
      choice(
        "--backend <name>",
        "report on this backend alone, and exit with 2 if it cannot run the model",
        backendKinds.map(({ name }) => name),
      ),
    )
    .option("--batch <n>", "batch size for the estimate of memory", integer(1, 2 ** 20), 1)
    .option(
      "--dim <name=n>",
      "the size of another dynamic dimension; repeat it for more (default: unet/config.json's sample_size, or 64)",
      dimension,
    )
    .option("--json", "print the result as JSON on stdout", false)
    .addHelpText(
      "after",
      `
The command runs nothing and starts no device. For a browser's GPU it assumes the smallest limits.
Memory is an upper bound: each result has its own place until its last use.

Examples:
  gen inspect model.onnx
  gen inspect moons --batch 64
  gen inspect unet/model.onnx --dim height=96 --dim width=64 --backend tfjs/webgpu --json`,
    )
    .action(run);
}

async function run(path: string, options: InspectCommandOptions): Promise<void> {
  const { batch, dim: dims = {}, backend, json } = options;
  const stats = await stat(path).catch(() => undefined);
  if (!stats) throw usageError(`${path}: no such file or folder`);
  const settings = { batch, dims, backend };
  if (stats.isDirectory()) {
    const report = await pipelineReport(path, settings);
    const blocks = report.models.map(reportLines);
    if (report.scheduler) blocks.push(schedulerLines(report.scheduler));
    if (blocks.length > 0 || json) {
      const lines = blocks.flatMap((block, i) => (i === 0 ? block : ["", "", ...block]));
      print(json, report, lines);
    }
    if (report.problems.length > 0) throw usageError(`${path}: ${report.problems.join("; ")}`);
    checkVerdicts(report.models, backend);
    return;
  }
  const readers = folderReaders(dirname(path));
  const report = await modelReport(readers, basename(path), settings).catch((error: unknown) => {
    throw errorCode(error) === "usage"
      ? error
      : usageError(`${path}: ${errorLine(error)}`, { cause: error });
  });
  print(json, report, reportLines(report));
  checkVerdicts([report], backend);
}

/** @throws GenError `usage` when the backend of --backend cannot run all the models. */
function checkVerdicts(reports: readonly ModelReport[], backend: string | undefined): void {
  if (backend === undefined) return;
  for (const { file, runs } of reports) {
    const { obstacles } = runs.find((verdict) => !verdict.runs) ?? {};
    if (obstacles) throw usageError(`${backend} cannot run ${file}: ${obstacles.join("; ")}`);
  }
}
