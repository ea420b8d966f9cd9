// @ts-check
// A user who has nothing of the repository: an empty folder, an empty home, `npm install`, a program.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/shell.mjs";
import { output } from "./command.mjs";

/**
 * Installs packages of a scope, runs ten steps of DDIM, the command's help, and the type checker.
 *
 * @param {string} folder
 * @param {string} registry
 * @param {string} scope
 * @returns {Promise<string>} what was seen, in a sentence
 */
export async function installAsStranger(folder, registry, scope) {
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  const npmrc = join(home, ".npmrc");
  writeFileSync(npmrc, `registry=${registry}\n`);
  const env = { PATH: process.env.PATH, HOME: home, npm_config_userconfig: npmrc };
  const options = { cwd: folder, env };
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }\n');
  const names = ["ddim", "schedules", "cli"].map((name) => `${scope}/${name}`);
  await output("npm", ["install", "--ignore-scripts", ...names], options);
  writeFileSync(
    join(folder, "ten-steps.ts"),
    [
      `import { ddimSteps, sample } from "${scope}/ddim";`,
      `import { linearSchedule } from "${scope}/schedules";`,
      "const schedule = linearSchedule();",
      "// The exact denoiser of one point at 2.",
      "const noiseOf = (v: number, t: number) =>",
      "  (v - schedule.level(t).signal * 2) / schedule.level(t).noise;",
      "const steps = ddimSteps(schedule, { steps: 10, eta: 0 });",
      "const { x } = await sample({",
      "  denoiser: (x, t) => Float64Array.from(x, (v) => noiseOf(v, t)),",
      "  ...{ steps, shape: [4, 2], seed: 0 },",
      "});",
      "console.log(steps.length, x.length, x.every((v) => Math.abs(v - 2) < 1e-6));",
      "",
    ].join("\n"),
  );
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const compilerOptions = { target: "es2023", module: "nodenext", strict: true, types: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  await output(process.execPath, [tsc, "--project", "."], options);
  const printed = await output(process.execPath, ["ten-steps.js"], options);
  if (printed !== "10 8 true") throw new Error(`ten-steps printed ${printed}`);
  const help = await output("npx", ["--no-install", "gen", "--version"], options);
  return `a stranger installs ${names.join(", ")}: ten steps run and have types, gen is ${help}`;
}
