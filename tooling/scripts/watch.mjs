// @ts-check
/*
 * `npm run watch`: when a file is saved, runs the tests that import it, those of its own package
 * first. Another save ends the run that is under way. Tests of the command and of pages use the
 * built files, so run `npm run build` before them.
 */
import { execFileSync } from "node:child_process";
import { watch } from "node:fs";
import { dirname, join } from "node:path";
import { createVitest } from "vitest/node";
import { root } from "./shell.mjs";

/** Editors write a file in several steps. */
const settleMs = 50;

// Vitest's own watcher knows only the files of tests that it has run, so at first it would run all.
const vitest = await createVitest("test", { root, watch: false });
await vitest.standalone();
/** @type {Set<string>} */
const changed = new Set();
/** @type {NodeJS.Timeout | undefined} */
let timer;
let running = Promise.resolve();

const tracked = execFileSync("git", ["ls-files", "packages", "apps", "tooling"], { cwd: root });
const folders = new Set(
  tracked
    .toString()
    .split("\n")
    .filter(Boolean)
    .map((path) => dirname(path)),
);
for (const folder of folders) {
  watch(join(root, folder), (_, name) => {
    if (!name || !/\.(ts|mts|mjs|vue)$/.test(name)) return;
    changed.add(join(root, folder, name));
    clearTimeout(timer);
    timer = setTimeout(() => {
      void vitest.cancelCurrentRun("keyboard-input");
      running = running.then(runTouched);
    }, settleMs);
  });
}
console.log(`watching ${folders.size} folders`);

/** Runs the tests that the changed files touch. */
async function runTouched() {
  const files = [...changed];
  changed.clear();
  if (files.length === 0) return;
  const since = performance.now();
  for (const file of files) vitest.invalidateFile(file);
  vitest.config.related = files;
  const own = new Set(files.map((file) => packageOf(file)));
  const first = await vitest.getRelevantTestSpecifications([...own]);
  if (first.length > 0) await vitest.runTestSpecifications(first);
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  console.log(`${first.length} test files of ${[...own].join(", ")} after ${seconds} s`);
  if (changed.size > 0) return;
  const all = await vitest.getRelevantTestSpecifications();
  const done = new Set(first.map(({ moduleId }) => moduleId));
  const rest = all.filter(({ moduleId }) => !done.has(moduleId));
  if (rest.length > 0 && changed.size === 0) await vitest.runTestSpecifications(rest);
  console.log(`${rest.length} test files of others`);
}

/** The folder of a file's package, such as `packages/math/`. @param {string} file */
function packageOf(file) {
  return `${file.slice(root.length).split(/[\\/]/).slice(0, 2).join("/")}/`;
}
