import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { errorCode } from "@gen/math";
import { errorLine, usageError } from "../errors.ts";
import { folderLines } from "../inspect/folder-report.ts";
import { type InspectOptions, type ModelReport, modelReport } from "../inspect/model-report.ts";
import { pictureFolderLines } from "../inspect/picture-folder-lines.ts";
import { pipelineReport, schedulerLines } from "../inspect/pipeline-report.ts";
import { reportLines } from "../inspect/report-lines.ts";
import { folderReaders } from "../model-folder.ts";
import { readPictureFolder } from "../picture-folder.ts";
import { print } from "../terminal.ts";

interface InspectCommandOptions extends Pick<InspectOptions, "batch" | "backend"> {
  readonly dim?: InspectOptions["dims"];
  readonly json: boolean;
}

/** Runs `gen inspect`. */
export async function runInspect(path: string, options: InspectCommandOptions): Promise<void> {
  const { batch, dim: dims = {}, backend, json } = options;
  const stats = await stat(path).catch(() => undefined);
  if (!stats) throw usageError(`${path}: no such file or folder`);
  const settings = { batch, dims, backend };
  if (stats.isDirectory()) {
    const report = await pipelineReport(path, settings);
    if (!report) return inspectPictures(path, json);
    const blocks = report.models.map(reportLines);
    if (report.pipeline) blocks.unshift(folderLines(report.pipeline));
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

/** Reports on a folder of pictures. @throws GenError `usage` when it holds none. */
async function inspectPictures(path: string, json: boolean): Promise<void> {
  const folder = await readPictureFolder(path);
  if (!folder)
    throw usageError(`${path} holds no pipeline, unet/model.onnx is missing, and no pictures`);
  print(json, { folder: path, pictures: folder }, pictureFolderLines(folder));
}

/** @throws GenError `usage` when the backend of --backend cannot run all the models. */
function checkVerdicts(reports: readonly ModelReport[], backend: string | undefined): void {
  if (backend === undefined) return;
  for (const { file, runs } of reports) {
    const { obstacles } = runs.find((verdict) => !verdict.runs) ?? {};
    if (obstacles) throw usageError(`${backend} cannot run ${file}: ${obstacles.join("; ")}`);
  }
}
