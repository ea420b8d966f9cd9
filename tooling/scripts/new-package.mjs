// @ts-check
/*
 * `npm run new:package -- NAME` makes packages/NAME, and registers it where packages are listed: the
 * floors of ARCHITECTURE.md, the README's table, tsconfig.json and the changesets. `--floor N` names
 * its floor; by default 2, where it imports @gen/math alone.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, run } from "./shell.mjs";

const floorRow = (/** @type {number} */ floor) =>
  new RegExp(`^\\| ${floor} \\| (\`.+?\`) \\| `, "m");

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}

/** @param {string[]} args */
async function main(args) {
  const at = args.indexOf("--floor");
  const [floorText = ""] = at < 0 ? ["2"] : args.splice(at, 2).slice(1);
  const [name = ""] = args;
  const floor = Number(floorText);
  if (args.length !== 1 || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new Error(
      "usage: npm run new:package -- NAME [--floor N], with a NAME such as flow-maps",
    );
  }
  const architecture = read("ARCHITECTURE.md");
  if (!(floor > 1) || !floorRow(floor).test(architecture)) {
    throw new Error(`--floor must be a row of ARCHITECTURE.md's table above 1, got ${floorText}`);
  }
  if (existsSync(join(root, "packages", name))) throw new Error(`packages/${name} exists already`);
  for (const [path, text] of Object.entries(files(name))) write(`packages/${name}/${path}`, text);
  register(name, floor);
  const pnpm = join(root, "node_modules", "pnpm", "bin", "pnpm.cjs");
  // In CI pnpm refuses to change the lockfile, and a new package changes it.
  const flags = ["--prefer-offline", "--no-frozen-lockfile", "--loglevel=error"];
  const status = await run(process.execPath, [pnpm, "install", ...flags]);
  if (status !== 0) return status;
  console.log(`packages/${name} is on floor ${floor}. Next:
  npm run api                            writes packages/${name}/api.md
  apps/docs/symbols/${name}               gets a page for each group of exports, in both languages
  apps/docs/package.json                 gets "@gen/${name}": "workspace:^"
  apps/docs/typedoc/packages-zh.mjs      gets its description in Chinese
  tooling/scripts/count-exports.test.ts  gets the new number of exports`);
  return 0;
}

/** @param {string} name @param {number} floor */
function register(name, floor) {
  const row = (/** @type {string} */ _, /** @type {string} */ names) =>
    `| ${floor} | ${names} \`${name}\` | `;
  write("ARCHITECTURE.md", read("ARCHITECTURE.md").replace(floorRow(floor), row));
  const readme = `| [@gen/cli](packages/cli) |`;
  const line = `| [@gen/${name}](packages/${name}) | what it has |\n`;
  write("README.md", read("README.md").replace(readme, `${line}${readme}`));
  const last = '    { "path": "packages/cli" }';
  const path = `    { "path": "packages/${name}" },\n`;
  write("tsconfig.json", read("tsconfig.json").replace(last, `${path}${last}`));
  const config = read(".changeset/config.json");
  const fixed = '      "@gen/cli"\n';
  write(".changeset/config.json", config.replace(fixed, `      "@gen/${name}",\n${fixed}`));
  write(`.changeset/${name}.md`, `---\n"@gen/${name}": minor\n---\n\nThe package @gen/${name}.\n`);
}

/** The files of a package. @param {string} name @returns {Record<string, string>} */
function files(name) {
  const model = JSON.parse(read("packages/model-files/package.json"));
  const manifest = {
    ...model,
    name: `@gen/${name}`,
    description: `What ${name} has`,
    keywords: [name],
    dependencies: { "@gen/math": "workspace:^" },
  };
  const settings = {
    extends: "../../tooling/tsconfig/base.json",
    compilerOptions: { rootDir: "src", outDir: "dist" },
    include: ["src"],
    references: [{ path: "../math" }],
  };
  return {
    "package.json": json(manifest),
    "tsconfig.json": flatLists(settings),
    "README.md": `# @gen/${name}

What ${name} has.

\`\`\`sh
npm install @gen/${name}
\`\`\`

\`\`\`ts
import { half } from "@gen/${name}";

half(3); // => 1.5
\`\`\`

Part of [gen](https://www.npmjs.com/package/@gen/cli). MIT licence.
`,
    "src/index.ts": 'export { half } from "./half.ts";\n',
    "src/half.ts": `import { checkArguments, rules } from "@gen/math/arguments";

/**
 * Half of a number.
 *
 * @param x Any number.
 * @throws RangeError when x is no number.
 */
export function half(x: number): number {
  checkArguments({ x }, { x: rules.FINITE });
  return x / 2;
}
`,
    [`test/${name}.test.ts`]: `import { expect, it } from "vitest";
import { half } from "../src/index.ts";

it("halves a number, and refuses what is none", () => {
  expect(half(3)).toBe(1.5);
  expect(() => half(Number.NaN)).toThrow("x must be");
});
`,
  };
}

/** JSON as Biome formats settings: a list of one on one line. @param {object} value */
function flatLists(value) {
  return json(value).replace(/\[\s+([^\]]*?)\s+\]/g, (_, list) => `[${list.replace(/\s+/g, " ")}]`);
}

/** @param {object} value */
function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** @param {string} path */
function read(path) {
  return readFileSync(join(root, path), "utf8");
}

/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
