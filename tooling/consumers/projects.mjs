// @ts-check
// The projects of users: each folder of `projects/` is one, with a package.json as a user has it.
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "projects");

/**
 * The field `consumer` of a project's package.json. A project with neither `page` nor `server`
 * prints its result when its script `start` runs.
 *
 * @typedef {object} Consumer
 * @property {string} title
 * @property {string} backend the name of the backend that must run
 * @property {string} [page] the folder with the page, whose `<output>` holds the result
 * @property {string} [server] the path that the server of `start` answers with the result
 * @property {boolean} [images] whether the result has hashes of `digits()` and `fashionMnist()`
 * @property {boolean} [quick] whether `npm test` runs it
 * @property {number} seconds about how long it takes
 */

/**
 * @typedef {object} Project
 * @property {string} name
 * @property {Consumer} consumer
 * @property {{ obtain?: string, build?: string, start?: string }} scripts `obtain` gets a tool that
 *   is no package; if it fails, the project is skipped
 * @property {Record<string, string>} dependencies
 */

/** @returns {Project[]} */
export function allProjects() {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "package.json")))
    .map((name) => {
      const text = readFileSync(join(folder, name, "package.json"), "utf8");
      const { consumer, scripts, dependencies } = JSON.parse(text);
      return { name, consumer, scripts, dependencies };
    });
}

/**
 * Copies a project, the program that all projects share, and the page of those whose page only runs
 * `main.js`.
 *
 * @param {Project} project @param {string} to
 */
export function copyProject({ name, consumer }, to) {
  const own = join(folder, name);
  const shares = ["shared"];
  if (consumer.page && existsSync(join(own, "main.js"))) shares.push("page");
  for (const part of shares) cpSync(join(import.meta.dirname, part), to, { recursive: true });
  cpSync(own, to, { recursive: true });
}
