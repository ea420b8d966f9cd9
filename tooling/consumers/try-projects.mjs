// @ts-check
// One project from its copy to its numbers.
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { install, layModules, publishHere } from "./install.mjs";
import { allProjects, copyProject } from "./projects.mjs";
import { check, resultsOf } from "./results.mjs";
import { run } from "./shell.mjs";

/** @typedef {import("./projects.mjs").Project} Project */

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {string} title
 * @property {"passed" | "failed" | "skipped"} state
 * @property {number} seconds
 * @property {string} reason why it failed or was skipped; empty where it passed
 */

// npm reaches no registry. The one on this machine is not meant.
const offline = /\b(ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ENETUNREACH)\b/;

/**
 * Tries projects one after another. `quick` ones need no registry and no network.
 *
 * @param {readonly Project[]} projects
 * @param {string} folder
 * @param {object} options
 * @param {boolean} [options.quick] whether to lay the packages out instead of installing them
 * @param {string} [options.noBrowser] why there is no browser; default: there is one
 * @param {boolean} [options.keep] whether the folders stay
 * @param {(outcome: Outcome) => void} [options.onOutcome]
 * @param {(what: string) => void} [options.onStart]
 * @returns {Promise<Outcome[]>}
 */
export async function tryProjects(projects, folder, options) {
  const { quick = false, noBrowser = "", keep = false, onOutcome, onStart } = options;
  onStart?.(quick ? "packages" : "packages and registry");
  let registry = "";
  if (quick) layModules(projects, folder);
  else registry = await publishHere(folder);
  const outcomes = [];
  for (const project of projects) {
    onStart?.(project.name);
    const start = Date.now();
    const home = join(folder, project.name);
    const outcome = /** @type {Outcome} */ ({
      name: project.name,
      title: project.consumer.title,
      ...(await tryProject(project, home, { folder, registry, noBrowser })),
      seconds: (Date.now() - start) / 1000,
    });
    if (!keep) rmSync(home, { recursive: true, force: true });
    outcomes.push(outcome);
    onOutcome?.(outcome);
  }
  return outcomes;
}

/**
 * @param {Project} project
 * @param {string} home
 * @param {{ folder: string, registry: string, noBrowser: string }} options
 * @returns {Promise<Pick<Outcome, "state" | "reason">>}
 */
async function tryProject(project, home, { folder, registry, noBrowser }) {
  const { scripts, consumer } = project;
  if (consumer.page !== undefined && noBrowser) {
    return { state: "skipped", reason: `no Chromium: ${noBrowser}` };
  }
  try {
    copyProject(project, home);
    if (registry === "") {
      symlinkSync(join(folder, "node_modules"), join(home, "node_modules"), "junction");
    } else {
      try {
        await install(home, registry);
      } catch (error) {
        const { message } = /** @type {Error} */ (error);
        if (!offline.test(message) || message.includes("localhost")) throw error;
        return { state: "skipped", reason: `npm reaches no registry: ${message}` };
      }
    }
    if (scripts.obtain) {
      try {
        await run(scripts.obtain, home);
      } catch (error) {
        const { message } = /** @type {Error} */ (error);
        return { state: "skipped", reason: `cannot be had here: ${message}` };
      }
    }
    if (scripts.build) await run(scripts.build, home);
    for (const result of await resultsOf(project, home)) check(result, consumer);
    return { state: "passed", reason: "" };
  } catch (error) {
    return { state: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * The projects of these names, or all.
 *
 * @param {readonly string[]} names
 * @throws RangeError for a name that no project has.
 */
export function chosenProjects(names) {
  const all = allProjects();
  const known = all.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`a consumer must be one of ${known.join(", ")}, got ${unknown}`);
  }
  return all.filter(({ name }) => names.length === 0 || names.includes(name));
}
