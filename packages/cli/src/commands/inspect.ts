import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { errorCode } from "@gen/math";
import { backendKinds } from "@gen/runtime-gpu";
import { Command, Option } from "commander";
import { errorLine, usageError } from "../errors.ts";
import { type InspectOptions, type ModelReport, modelReport } from "../inspect/model-report.ts";
import { pipelineReport, schedulerLines } from "../inspect/pipeline-report.ts";
import { reportLines } from "../inspect/report-lines.ts";
import { folderReaders } from "../model-folder.ts";
import { dimension, whole } from "../options.ts";
import { print } from "../print.ts";

interface InspectCommandOptions extends Pick<InspectOptions, "batch" | "backend"> {
  readonly dim?: InspectOptions["dims"];
  readonly json: boolean;
}

/** `gen inspect`. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description("say what is in an ONNX model, or in a pipeline folder, and what runs it")
    .argument("<path>", "a file such as model.onnx, or a folder with unet/model.onnx")
    .addOption(
      new Option(
        "--backend <name>",
        "ask about this one alone, and exit with 2 if it cannot run",
      ).choices(backendKinds.map(({ name }) => name)),
    )
    .addOption(
      new Option("--batch <n>", "how many at once, for the memory")
        .default(1)
        .argParser(whole(1, 2 ** 20)),
    )
    .addOption(
      new Option(
        "--dim <name=n>",
        "the size of another dynamic dimension; may be given again (default: unet/config.json's sample_size, or 64)",
      ).argParser(dimension),
    )
    .option("--json", "print the result as JSON on stdout", false)
    .addHelpText(
      "after",
      `
Nothing is run and no device is started: limits of a browser's GPU are the least that every one has.
Memory is an upper bound, as if each result had a place of its own until its last use.

Examples:
  gen inspect model.onnx
  gen inspect moons --batch 64
  gen inspect unet/model.onnx --dim height=96 --dim width=64 --backend tfjs/webgpu --json`,
    )
    .action(run);
}

async function run(path: string, options: InspectCommandOptions): Promise<void> {
  const { batch, dim = {}, backend, json } = options;
  const found = await stat(path).catch(() => undefined);
  if (!found) throw usageError(`${path}: no such file or folder`);
  const asked = { batch, dims: dim, backend };
  if (found.isDirectory()) {
    const report = await pipelineReport(path, asked);
    const blocks = report.models.map(reportLines);
    if (report.scheduler) blocks.push(schedulerLines(report.scheduler));
    if (blocks.length > 0 || json) {
      print(
        json,
        report,
        blocks.flatMap((lines, i) => (i === 0 ? lines : ["", "", ...lines])),
      );
    }
    if (report.problems.length > 0) throw usageError(`${path}: ${report.problems.join("; ")}`);
    refuse(report.models, backend);
    return;
  }
  const readers = folderReaders(dirname(path));
  const report = await modelReport(readers, basename(path), asked).catch((error: unknown) => {
    throw errorCode(error) === "usage"
      ? error
      : usageError(`${path}: ${errorLine(error)}`, { cause: error });
  });
  print(json, report, reportLines(report));
  refuse([report], backend);
}

/** @throws GenError `usage` when the one backend that was asked about cannot run them all. */
function refuse(reports: readonly ModelReport[], backend: string | undefined): void {
  if (backend === undefined) return;
  for (const { file, runs } of reports) {
    const { obstacles } = runs.find((verdict) => !verdict.runs) ?? {};
    if (obstacles) throw usageError(`${backend} cannot run ${file}: ${obstacles.join("; ")}`);
  }
}
