// @ts-check
// `npm run fuzz -- [READER ...] [--seconds N] [--seed N] [--json] [--replay]`. See `--help`.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { faultsOf } from "./faults.mjs";
import { fuzzReader } from "./fuzz-reader.mjs";

const names = ["png", "jpeg", "webp", "npy", "npz", "idx", "csv", "safetensors"].concat([
  "scheduler-config",
  "model-index",
  "part-config",
  "training-json",
  "onnx",
  "tokenizer",
  "merges",
  "lora",
  "onnx-headers",
  "onnx-layout",
  "png-settings",
  "embedding",
  "preprocessor-config",
  "postcard-link",
  "postcard-points",
  "web-ui-settings",
]);
const help = `Usage: npm run fuzz -- [READER ...] [--seconds N] [--seed N] [--json] [--replay]

Reads random and damaged files with each reader, one reader after the other. A finding is an error
that is not ours, or a file that takes more time or memory than promised; its file is saved.
Readers: ${names.join(", ")}.

  --seconds N  seconds for each reader (default 60)
  --seed N     seed of the random files; equal seeds give equal files (default: of the clock)
  --replay     reads the corpus of past faults in place of random files
  --json       prints the results as JSON

Exit status: 0 without findings, 1 with findings, 2 for a wrong argument.
`;

const wrong = (/** @type {string} */ message) => {
  console.error(message);
  process.exit(2);
};

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: "string", default: "60" },
        seed: { type: "string", default: String(Date.now() % 2 ** 31) },
        json: { type: "boolean", default: false },
        replay: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    return wrong(/** @type {Error} */ (error).message);
  }
}

const { values, positionals } = parsed();
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
const unknown = positionals.find((name) => !names.includes(name));
if (unknown !== undefined) wrong(`READER must be one of ${names.join(", ")}, got ${unknown}`);
const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
if (!(seconds > 0)) wrong(`--seconds must be positive, got ${values.seconds}`);
if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
  wrong(`--seed must be a whole number in [0, 2 ** 32), got ${values.seed}`);
}

const folder = fileURLToPath(new URL("findings", import.meta.url));
const results = [];
if (!values.json)
  console.log(values.replay ? "past faults" : `seed ${seed}, ${seconds} s a reader`);
for (const name of positionals.length > 0 ? positionals : names) {
  const files = values.replay ? faultsOf(name).map(({ bytes }) => bytes) : undefined;
  const { report, findings } = await fuzzReader({ name, seed, seconds, files });
  const saved = findings.map(({ problem, bytes }) => {
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
    const file = join(folder, `${name}-${hash}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, bytes);
    return { problem, file, bytes: bytes.length };
  });
  results.push({ reader: name, ...report, findings: saved });
  if (values.json) continue;
  const { inputs = 0, kinds = 0, slowest, largest } = report ?? {};
  console.log(
    `${name}: ${inputs} inputs, ${kinds} kinds of outcome; slowest ${slowest?.ms ?? "?"} ms for ` +
      `${slowest?.bytes} bytes; largest ${largest?.mib ?? "?"} MiB for ${largest?.bytes} bytes; ` +
      `${saved.length} findings`,
  );
  for (const { problem, file, bytes } of saved)
    console.log(`  ${problem} (${bytes} bytes: ${file})`);
}
if (values.json) console.log(JSON.stringify({ seed, seconds, results }, undefined, 2));
process.exitCode = results.some(({ findings }) => findings.length > 0) ? 1 : 0;
