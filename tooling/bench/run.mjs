// The benchmarks: `npm run bench -- [CLAIM ...] [--quick] [--json]`. One file of claims/ is one claim.
import { fileURLToPath } from "node:url";
import { commit, machine, versionsOf, watchLoad } from "./machine.mjs";
import { sectionText, writeSection } from "./results.mjs";

const resultsFile = fileURLToPath(new URL("../../bench/RESULTS.md", import.meta.url));
const names = [
  ...["normals", "vae-step", "vae-wasm", "vae-elbo", "moons-step", "moons-samples"],
  ...["overhead", "unet-step", "unet-training", "unet-wasm"],
  ...["page-step", "page-training", "page-first", "size"],
];
const help = `Usage: npm run bench -- [${names.join("] [")}] [--quick] [--json]

Measures each claim beside its peer in one run, and writes it into bench/RESULTS.md unless the machine was busy.

  --quick  fewer steps, for trying out; writes nothing
  --json   prints the rows as JSON
`;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  process.stdout.write(help);
  process.exit(0);
}
const odd = args.find((arg) => ![...names, "--quick", "--json"].includes(arg));
if (odd !== undefined) {
  console.error(`bench takes ${names.join(", ")}, --quick and --json, got ${odd}`);
  process.exit(2);
}
const quick = args.includes("--quick");
const chosen = names.filter((name) => args.includes(name));
const wanted = chosen.length > 0 ? chosen : names;
const claims = await Promise.all(names.map((name) => import(`./claims/${name}.mjs`)));
const order = claims.map(({ title }) => title);
process.on("SIGINT", () => process.exit(130));

const sections = [];
for (const name of wanted) {
  const { title, versions = [], timed = true, measure } = claims[names.indexOf(name)];
  console.error(`${title} ...`);
  const watch = watchLoad();
  const rows = await measure({ quick });
  const load = watch.end(sections.length === 0);
  const day = new Date().toISOString().slice(0, 10);
  const about = [`${day}; ${machine()}; ${commit()}`, versionsOf(versions).join(", ")];
  if (timed) about.push(load.text);
  const section = { title, rows, about: about.filter(Boolean) };
  sections.push(section);
  console.error(`\n${sectionText(section)}\n`);
  // Written at once: a claim that fails later costs nothing that was measured.
  if (quick) continue;
  if (timed && load.busy) {
    console.error("not recorded: the machine was busy");
    process.exitCode = 1;
  } else writeSection(resultsFile, section, order);
}
if (args.includes("--json")) console.log(JSON.stringify(sections, undefined, 2));
// The libraries keep threads alive.
process.exit();
