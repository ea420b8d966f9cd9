// @ts-check
// The benchmark: `npm run bench -- [vae] [moons] [overhead] [unet] [browser] [size] [math] [--quick] [--json]`.
import { fileURLToPath } from "node:url";
import { commit, machine, watchLoad } from "./machine.mjs";
import { progressLine } from "./progress.mjs";
import { printable, writeResults } from "./results.mjs";

const resultsFile = fileURLToPath(new URL("../../bench/RESULTS.md", import.meta.url));
const suiteFiles = {
  // Before onnxruntime-web gives Node a Worker, which makes jax-js ask for memory that it then refuses.
  math: () => import("./suites/math.mjs"),
  vae: () => import("./suites/vae.mjs"),
  moons: () => import("./suites/moons.mjs"),
  overhead: () => import("./suites/overhead.mjs"),
  unet: () => import("./suites/unet.mjs"),
  browser: () => import("./suites/browser.mjs"),
  size: () => import("./suites/size.mjs"),
};
const names = Object.keys(suiteFiles);
const help = `Usage: npm run bench -- [${names.join("] [")}] [--quick] [--json]

Measures each figure beside its peer in the same run and writes bench/RESULTS.md.

  --quick  fewer steps, for trying out; writes nothing
  --json   prints the rows as JSON
`;

/**
 * @typedef {object} Run
 * @property {boolean} quick
 * @property {(share: number, what: string) => void} progress
 */
/**
 * @typedef {object} Suite
 * @property {string} title
 * @property {boolean} [timed] Whether what else the machine does matters; true unless told.
 * @property {(quick: boolean) => number} seconds What it takes on two quiet cores.
 * @property {(run: Run) => Promise<{ rows: import("./results.mjs").Row[], versions: string[] }>} run
 */

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  process.stdout.write(help);
  process.exit(0);
}
const options = args.filter((arg) => arg.startsWith("-"));
const chosen = args.filter((arg) => !arg.startsWith("-"));
const odd =
  options.find((arg) => !["--quick", "--json"].includes(arg)) ??
  chosen.find((name) => !names.includes(name));
if (odd !== undefined) {
  console.error(`bench takes ${names.join(", ")}, --quick and --json, got ${odd}`);
  process.exit(2);
}
const quick = options.includes("--quick");
process.on("SIGINT", () => process.exit(130));

/** @type {{ name: string, suite: Suite }[]} */
const suites = [];
for (const [name, load] of Object.entries(suiteFiles)) {
  suites.push({ name, suite: (await load()).suite });
}
const wanted = suites.filter(({ name }) => chosen.length === 0 || chosen.includes(name));

const line = progressLine(
  wanted.map(({ name, suite }) => ({ name, seconds: suite.seconds(quick) })),
);
const order = suites.map(({ suite }) => suite.title);
const sections = [];
for (const [i, { name, suite }] of wanted.entries()) {
  const watch = watchLoad();
  const { rows, versions } = await suite.run({
    quick,
    progress: (share, what) => line.at(name, share, what),
  });
  line.finish(name);
  const load = watch.end(i === 0);
  const day = new Date().toISOString().slice(0, 10);
  const from = commit();
  const warning = load.busy ? "**the machine was busy, times are not to be trusted**: " : "";
  const section = {
    title: suite.title,
    rows,
    about: [
      [day, machine(), ...(from ? [`commit ${from}`] : [])].join("; "),
      ...(versions.length > 0 ? [versions.join(", ")] : []),
      ...(suite.timed === false ? [] : [`${warning}${load.text}`]),
    ],
  };
  sections.push(section);
  line.say(`\n${printable(section)}`);
  // At once: what a later suite fails at costs nothing that was measured.
  if (!quick) writeResults(resultsFile, [section], order);
}
line.clear();
if (options.includes("--json")) console.log(JSON.stringify(sections, undefined, 2));
if (quick) line.say("A quick run is too short to be recorded.");
else line.say("Wrote bench/RESULTS.md");
