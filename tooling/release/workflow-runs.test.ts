/*
 * Every `run:` line of the workflows, in order, from a fresh clone of this commit. A line that needs a
 * secret or somebody's server runs in a dry form, which stands here with its reason; a new line that
 * has no entry fails. `npm run workflows` runs them; it takes as long as CI does.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { root } from "../scripts/shell.mjs";
import { type Registry, startRegistry } from "./verdaccio.mjs";

interface Form {
  /** What runs in place of the line. */
  readonly line: string;
  /** Why not the line itself. */
  readonly why: string;
}
const REGISTRY = "--registry $REGISTRY --checks true";
const forms: Readonly<Record<string, Form | "as it is">> = {
  "npx --yes playwright-core@1.65.1 install --with-deps firefox webkit": {
    line: "npx --yes playwright-core@1.65.1 install --dry-run firefox webkit",
    why: "it downloads browsers, and installs system packages as root",
  },
  "bash .ci/run": "as it is",
  "npm run site": "as it is",
  "npm run release": {
    line: `npm run release -- --dry-run ${REGISTRY}`,
    why: "it publishes; .ci/run has passed above; npm run release:rehearse publishes to a registry on this machine",
  },
  "npm run release -- --snapshot": {
    line: `npm run release -- --snapshot --dry-run ${REGISTRY}`,
    why: "it publishes",
  },
};

const folder = join(root, ".github", "workflows");
const workflows = readdirSync(folder).map((name) => {
  const { jobs } = parse(readFileSync(join(folder, name), "utf8"));
  const steps = Object.values<{ steps: { run?: string }[] }>(jobs).flatMap((job) => job.steps);
  return { name, lines: steps.flatMap(({ run }) => (run ? run.trim().split("\n") : [])) };
});

it("each line of the workflows has a form here, and no form is left over", () => {
  const lines = workflows.flatMap(({ lines }) => lines);
  expect([...new Set(lines)].sort()).toEqual(Object.keys(forms).sort());
});

describe.runIf(process.env.GEN_WORKFLOWS === "1")("from a fresh clone", () => {
  let place = "";
  let clone = "";
  let registry: Registry;
  let userconfig = "";
  const execute = promisify(execFile);
  const git = (...args: string[]) => execute("git", args, { cwd: clone });

  const run = async (line: string) => {
    const env = {
      ...process.env,
      ...{ GEN_TEST_ALL: "", GEN_WORKFLOWS: "", VITEST: "", NODE_OPTIONS: "", CI: "true" },
      ...{ GEN_SITE_URL: "https://example.com/gen/", REGISTRY: registry.url },
      NPM_CONFIG_USERCONFIG: userconfig,
    };
    const options = { cwd: clone, env, maxBuffer: 2 ** 28 };
    try {
      const { stdout } = await execute("bash", ["-e", "-c", line], options);
      return stdout;
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new Error(`${line}\n${`${stdout}\n${stderr}`.slice(-4000)}`);
    }
  };

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), "gen-workflows-"));
    clone = join(place, "clone");
    await execute("git", ["clone", "--quiet", "--no-hardlinks", root, clone]);
    await git("remote", "remove", "origin");
    await git("checkout", "--quiet", "-B", "main");
    await git("config", "user.name", "workflows");
    await git("config", "user.email", "workflows@localhost");
    registry = await startRegistry(join(place, "registry"), ["@gen"]);
    userconfig = await registry.login("owner");
  });
  afterAll(() => {
    registry?.close();
    rmSync(place, { recursive: true, force: true });
  });

  describe.each(workflows)("$name", ({ name, lines }) => {
    if (name === "release.yml") {
      // What the maintainer does before: the field, the version, the commit.
      beforeAll(async () => {
        const path = join(clone, "package.json");
        const text = readFileSync(path, "utf8");
        const address = '"repository": "https://github.com/example/gen"';
        writeFileSync(path, text.replace('"repository": ""', address));
        await run("npm run version-packages");
        await git("add", "--all");
        await git("commit", "--quiet", "--message", "A version");
      });
    }
    it.each(lines)("%s", { timeout: 2 * 3600_000 }, async (line) => {
      const form = forms[line];
      const printed = await run(form === "as it is" ? line : form.line);
      if (line.startsWith("npm run release")) expect(printed).toContain("nothing was published");
    });
  });
});
