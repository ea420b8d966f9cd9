// Compiles all entry points and main.ts with each TypeScript that is installed here, without the DOM
// library and Node's types. main.ts is then run.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const manifestOf = (folder) => JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));

const entries = readdirSync("node_modules/@gen").flatMap((name) =>
  Object.keys(manifestOf(`node_modules/@gen/${name}`).exports)
    .filter((path) => path !== "./package.json")
    .map((path) => `@gen/${name}${path.slice(1)}`),
);
writeFileSync(
  "entries.ts",
  entries.map((entry, i) => `export * as entry${i} from "${entry}";\n`).join(""),
);

/** The errors of files, as the compiler prints them. */
function errors(compiler, files, options) {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: "ES2022",
    module: "NodeNext",
    ...options,
  };
  writeFileSync("tsconfig.json", JSON.stringify({ compilerOptions, files }));
  const { tsc } = manifestOf(`node_modules/${compiler}`).bin;
  const args = [`node_modules/${compiler}/${tsc}`, "-p", "tsconfig.json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return status === 0 ? "" : stdout + stderr || `ended with ${status}`;
}

const bare = { lib: ["ES2023"], types: [] };
const built = { ...bare, noEmit: false, allowJs: true, outDir: "built", rootDir: "." };
const own = ["own-types.ts"];
const checks = [
  [["entries.ts", "main.ts"], built, ""],
  [own, { lib: ["ES2023", "DOM"], types: [] }, ""],
  [own, { lib: ["ES2023"], types: ["node"] }, ""],
  // The check sees what is missing.
  [own, bare, "Cannot find name 'Blob'"],
];
// Without a registry there is the workspace's own compiler alone, and the first check.
const [compilers, wanted] = existsSync("node_modules/typescript-lowest")
  ? [["typescript-lowest", "typescript-latest"], checks]
  : [["typescript"], checks.slice(0, 1)];

for (const compiler of compilers) {
  for (const [files, options, expected] of wanted) {
    const found = errors(compiler, files, options);
    if (expected ? found.includes(expected) : found === "") continue;
    const { version } = manifestOf(`node_modules/${compiler}`);
    console.error(`TypeScript ${version}, ${files}, ${JSON.stringify(options)}:\n${found}`);
    process.exitCode = 1;
  }
}
