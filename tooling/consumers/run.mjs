// @ts-check
// `npm run consumers`: installs the packages as users do, and compares what ten steps of DDIM give.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findBrowser } from "../scripts/browser.mjs";
import { allProjects } from "./projects.mjs";
import { chosenProjects, tryProjects } from "./try-projects.mjs";

/** @typedef {import("./try-projects.mjs").Outcome} Outcome */

const help = `npm run consumers [-- OPTIONS] [NAME...]

Publishes the packages to a registry on this machine. Installs them from there into a copy of each
project of tooling/consumers/projects, builds it, runs ten steps of DDIM by a function and by a
backend, and compares the numbers with tooling/consumers/expected.json.

  --quick   only the projects of \`npm test\`, without a registry
  --json    the outcomes as JSON
  --keep    leaves the folders, and prints where they are
  --help    this text

Exit codes: 0 all passed or were skipped, 1 one failed or none passed, 2 a wrong argument.

`;

/** @returns {{ names: string[], quick: boolean, json: boolean, keep: boolean, help: boolean }} */
function readArguments() {
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: flag, json: flag, keep: flag, help: flag },
  });
  return { ...values, names: positionals };
}

/** @param {unknown} error @returns {never} */
function refuse(error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}

async function main() {
  const given = (() => {
    try {
      return readArguments();
    } catch (error) {
      return refuse(error);
    }
  })();
  if (given.help) {
    const rows = allProjects().map(({ name, consumer }) => [name, consumer.title]);
    process.stdout.write(`${help}${table(rows)}\n`);
    return 0;
  }
  const chosen = (() => {
    try {
      return chosenProjects(given.names);
    } catch (error) {
      return refuse(error);
    }
  })().filter(({ consumer }) => !given.quick || consumer.quick);

  const folder = mkdtempSync(join(tmpdir(), "gen-consumers-"));
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  process.once("exit", () => {
    if (given.keep) console.error(`the folders are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  });

  let noBrowser = "";
  if (chosen.some(({ consumer }) => consumer.page !== undefined)) {
    const found = await findBrowser();
    if ("path" in found) process.env.GEN_BROWSER = found.path;
    else noBrowser = found.missing;
  }
  const progress = showProgress(chosen);
  const outcomes = await tryProjects(chosen, folder, {
    quick: given.quick,
    keep: given.keep,
    noBrowser,
    ...progress,
  }).finally(progress.end);

  if (given.json) console.log(JSON.stringify(outcomes, null, 2));
  else report(outcomes);
  const count = (/** @type {Outcome["state"]} */ state) =>
    outcomes.filter((one) => one.state === state).length;
  return count("failed") > 0 || count("passed") === 0 ? 1 : 0;
}

/**
 * A line on the terminal with what runs and the time left, or a line for each project elsewhere.
 *
 * @param {readonly import("./projects.mjs").Project[]} projects
 */
function showProgress(projects) {
  const terminal = process.stderr.isTTY === true;
  const start = Date.now();
  // Packing and publishing come first.
  const planned = {
    first: 30,
    ...Object.fromEntries(projects.map((p) => [p.name, p.consumer.seconds])),
  };
  const whole = Object.values(planned).reduce((sum, seconds) => sum + seconds, 0);
  let done = 0;
  let now = "";
  let began = Date.now();
  const show = () => {
    const spent = (Date.now() - start) / 1000;
    const pace = done > 0 ? (began - start) / 1000 / done : 1;
    const left = Math.max(0, Math.round((whole - done) * pace - (Date.now() - began) / 1000));
    process.stderr.write(`\r\x1b[2K${now} ... ${Math.round(spent)} s, about ${left} s left`);
  };
  const timer = terminal ? setInterval(show, 500) : undefined;
  return {
    /** @param {string} what */
    onStart(what) {
      if (now !== "") done += planned[/** @type {"first"} */ (now)] ?? planned.first;
      now = what;
      began = Date.now();
      if (!terminal) console.error(`${what} ...`);
    },
    /** @param {Outcome} outcome */
    onOutcome({ name, state, seconds }) {
      if (!terminal) console.error(`${name}: ${state} in ${seconds.toFixed(1)} s`);
    },
    end() {
      clearInterval(timer);
      if (terminal) process.stderr.write("\r\x1b[2K");
    },
  };
}

/** @param {readonly Outcome[]} outcomes */
function report(outcomes) {
  const [firstLines, others] = [
    outcomes.map(({ reason }) => reason.split("\n")[0]),
    outcomes.filter(({ reason }) => reason.includes("\n")),
  ];
  const rows = outcomes.map(({ name, title, state, seconds }, i) => [
    ...[name, title, `${seconds.toFixed(1)} s`],
    firstLines[i] ? `${state}: ${firstLines[i]}` : state,
  ]);
  console.log(table(rows));
  for (const { name, reason } of others) console.log(`\n${name}: ${reason}`);
}

/** @param {readonly (readonly string[])[]} rows */
function table(rows) {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i].length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

process.exit(await main());
