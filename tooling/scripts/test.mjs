// @ts-check
// `npm test`: installs what is missing, builds, runs every test and closes with `N passed, N failed`.
// Arguments after `--` go to vitest: `npm test -- packages/math` runs one package's tests.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { findBrowser } from "./browser.mjs";
import { readyVulkan } from "./debian.mjs";
import { build, checkNode, install, toolEnvironment } from "./ready.mjs";
import { root, run } from "./shell.mjs";
import { closingLine, tally } from "./tally.mjs";

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
  const browser = await findBrowser();
  if ("path" in browser) await readyVulkan();
  await build();
  console.log(
    "path" in browser
      ? `Browser: ${browser.path}`
      : `Browser tests are skipped: ${browser.missing}. Set GEN_BROWSER to the path of a Chromium to run them.`,
  );

  const env = { ...toolEnvironment(), GEN_BROWSER: "path" in browser ? browser.path : "" };
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
      ...process.argv.slice(2),
    ],
    { env },
  );
  const counts = tally(JSON.parse(readFileSync(report, "utf8")), code);
  for (const name of counts.skippedNames) console.log(`skipped: ${name}`);
  console.log(closingLine(counts));
  return counts.failed > 0 ? 1 : 0;
}
