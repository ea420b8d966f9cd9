// @ts-check
// `npm test` installs what is missing, builds, runs all tests and prints `N passed, N failed` last.
// Arguments after `--` go to vitest: `npm test -- packages/math` runs one package's tests.
// `npm run test:all` (`--all`) also runs each page test in every engine. `npm run workflows`
// (`--workflows`) runs the lines of the workflows from a fresh clone, `.ci/run` among them.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { engineVariables, findBrowser } from "./browser.mjs";
import { installVulkan } from "./debian.mjs";
import { build, checkNode, install, toolEnvironment } from "./ready.mjs";
import { root, run } from "./shell.mjs";
import { closingLine, tally } from "./tally.mjs";

/** What the first argument adds: a variable, and arguments of vitest. */
const kinds = new Map([
  ["--all", { variable: "GEN_TEST_ALL", files: [] }],
  ["--workflows", { variable: "GEN_WORKFLOWS", files: ["tooling/release/workflow-runs.test.ts"] }],
]);

const report = join(root, "node_modules", ".cache", "gen", "vitest.json");

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.log(closingLine({ passed: 0, failed: 1, skipped: 0 }));
  process.exitCode = 1;
}

async function main() {
  checkNode();
  await install();
  const args = process.argv.slice(2);
  const kind = kinds.get(args[0]);
  const engines = await findEngines();
  if (engines.GEN_BROWSER) await installVulkan();
  await build();

  const env = { ...toolEnvironment(), ...engines, ...(kind && { [kind.variable]: "1" }) };
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const code = await run(
    process.execPath,
    [
      vitest,
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...(kind ? [`--reporter=${join(root, "tooling", "scripts", "failures-reporter.mjs")}`] : []),
      ...(kind ? [...kind.files, ...args.slice(1)] : args),
    ],
    { env },
  );
  const counts = tally(JSON.parse(readFileSync(report, "utf8")), code);
  for (const name of counts.skippedNames) console.log(`skipped: ${name}`);
  console.log(closingLine(counts));
  return counts.failed > 0 ? 1 : 0;
}

/** The path of each engine's browser, by its environment variable. Empty if there is none. */
async function findEngines() {
  /** @type {Record<string, string>} */
  const paths = {};
  for (const { engine, variable } of engineVariables) {
    const found = await findBrowser({ engine });
    paths[variable] = "path" in found ? found.path : "";
    console.log(
      "path" in found
        ? `Browser: ${engine} at ${found.path}`
        : `Page tests in ${engine} are skipped: ${found.missing}. Set ${variable} to its path to run them.`,
    );
  }
  return paths;
}
