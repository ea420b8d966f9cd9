// `npm run bench -- [CLAIM ...] [--quick] [--json]`. Each file of claims/ is one claim.
import { fileURLToPath } from "node:url";
import { commit, machine, versionsOf, watchLoad } from "./machine.mjs";
import { sectionText, writeSection } from "./results.mjs";

const resultsFile = fileURLToPath(new URL("../../bench/RESULTS.md", import.meta.url));
const names = [
  ...["normals", "vae-step", "vae-wasm", "vae-elbo", "moons-step", "moons-samples"],
  ...[
    "solvers",
    "overhead",
    "unet-step",
    "unet-training",
    "unet-wasm",
    "servers",
    "requests",
    "jobs",
  ],
  ...[
    "page-step",
    "page-training",
    "page-vae",
    "page-first",
    "page-memory",
    "pages",
    "book",
    "gpu",
    "size",
  ],
  ...["large-half", "large-fp16", "large-fp32"],
];
const help = `Usage: npm run bench -- [${names.join("] [")}] [--quick] [--json]

Measures each claim beside its peer and writes the result into bench/RESULTS.md. A run on a busy machine
is not recorded. "large" stands for the claims whose names begin with it.

  --quick  takes fewer steps and writes nothing
  --json   prints the results as JSON
`;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  process.stdout.write(help);
  process.exit(0);
}
const unknown = args.find((arg) => ![...names, "large", "--quick", "--json"].includes(arg));
if (unknown !== undefined) {
  console.error(`bench takes ${names.join(", ")}, large, --quick and --json, got ${unknown}`);
  process.exit(2);
}
const quick = args.includes("--quick");
const isLarge = (name) => name.startsWith("large-");
const named = names.filter(
  (name) => args.includes(name) || (isLarge(name) && args.includes("large")),
);
// The large models need disks and memory that not every machine has.
const selected = named.length > 0 ? named : names.filter((name) => !isLarge(name));
const claims = await Promise.all(names.map((name) => import(`./claims/${name}.mjs`)));
const order = claims.map(({ title }) => title);
process.on("SIGINT", () => process.exit(130));

const sections = [];
for (const name of selected) {
  const {
    title,
    versions = [],
    timed = true,
    recorded = true,
    measure,
  } = claims[names.indexOf(name)];
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
  // Each section is written at once, so that a later failure loses no result.
  if (quick || !recorded) continue;
  const times = rows.some(({ ours }) => ours !== "not measured");
  if (timed && times && load.busy) {
    console.error("not recorded: the machine was busy");
    process.exitCode = 1;
  } else writeSection(resultsFile, section, order);
}
if (args.includes("--json")) console.log(JSON.stringify(sections, undefined, 2));
// The libraries' threads keep the process alive.
process.exit();
