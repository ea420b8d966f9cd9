import { availableParallelism, freemem, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { modelFiles } from "@gen/model-files";
import { backendNames } from "@gen/runtime-gpu";
import { type Finding, findings } from "../doctor/findings.ts";
import { cacheFacts, gpus } from "../doctor/machine.ts";
import { bytesText, print } from "../terminal.ts";
import { manifest, version, versionOf } from "../versions.ts";
import { backendLines, tryBackend } from "./backends.ts";

/** Runs `gen doctor`. */
export async function runDoctor({ json }: { readonly json: boolean }): Promise<void> {
  const { engines, peerDependencies } = manifest();
  const { node } = process.versions;
  const packages = Object.entries(peerDependencies).map(([name, range]) => ({
    ...{ name, range },
    version: versionOf(name),
  }));
  const backends: Awaited<ReturnType<typeof tryBackend>>[] = [];
  for (const name of backendNames()) backends.push(await tryBackend(name, 0));
  const facts = {
    ...{ gen: version(), node, nodeRange: engines.node },
    ...{ platform: process.platform, architecture: process.arch },
    threads: availableParallelism(),
    ...{ memoryBytes: totalmem(), freeMemoryBytes: freemem() },
    gpus: await gpus(),
    cache: await cacheFacts(modelFiles().location ?? ""),
    ...{ packages, backends },
  };
  const found = findings({ ...facts, script: fileURLToPath(import.meta.url) });
  print(json, { ...facts, ...found }, doctorLines({ ...facts, ...found }));
  if (found.problems.length > 0) process.exitCode = 1;
}

type Report = Awaited<ReturnType<typeof findings>> & {
  readonly gen: string;
  readonly node: string;
  readonly platform: string;
  readonly architecture: string;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  readonly gpus: readonly string[];
  readonly cache: Awaited<ReturnType<typeof cacheFacts>>;
  readonly packages: readonly { readonly name: string; readonly version?: string }[];
  readonly backends: readonly Awaited<ReturnType<typeof tryBackend>>[];
};

function doctorLines(report: Report): string[] {
  const { cache, packages, problems, optional } = report;
  const width = Math.max(...packages.map(({ name }) => name.length));
  const free =
    cache.freeBytes === undefined ? "not writable" : `${bytesText(cache.freeBytes)} free`;
  return [
    `gen ${report.gen}, Node ${report.node}, ${report.platform} ${report.architecture}`,
    `${report.threads} threads, ${bytesText(report.memoryBytes)} of memory, ${bytesText(report.freeMemoryBytes)} free`,
    `GPU: ${report.gpus.join("; ") || "none is known"}`,
    `models are kept in ${cache.folder}, ${free}`,
    "",
    ...packages.map(({ name, version = "not installed" }) => `${name.padEnd(width)}  ${version}`),
    "",
    ...backendLines(report.backends),
    ...(optional.length > 0 ? ["", "optional:", ...optional.flatMap(findingLines)] : []),
    "",
    ...(problems.length > 0 ? ["to mend:", ...problems.flatMap(findingLines)] : ["all is well"]),
  ];
}

const findingLines = ({ what, fix }: Finding) => [`  ${what}`, `    ${fix}`];
