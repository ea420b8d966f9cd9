import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { enginePath } from "../browser/engines.ts";
import { root } from "../scripts/shell.mjs";
import { allProjects } from "./projects.mjs";
import { check } from "./results.mjs";
import { chosenProjects, type Outcome, tryProjects } from "./try-projects.mjs";

// The other projects are installed from a registry, with their tools.
const all = process.env.GEN_TEST_ALL === "1";
const projects = allProjects();
const here = import.meta.dirname;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gen-consumers-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failures = (outcomes: readonly Outcome[]) =>
  outcomes
    .filter(({ state }) => state === "failed")
    .map(({ name, reason }) => `${name}: ${reason}`);

it.skipIf(all)(
  "a script, a server's bundle and the types work from the published files",
  async () => {
    const quick = projects.filter(({ consumer }) => consumer.quick);
    const outcomes = await tryProjects(quick, folder, { quick: true });
    expect(failures(outcomes)).toEqual([]);
    expect(outcomes.map(({ state }) => state)).toEqual(quick.map(() => "passed"));
  },
);

it.runIf(all)(
  "all projects work from a registry",
  async () => {
    const noBrowser = enginePath("chromium") ? "" : "GEN_BROWSER is empty";
    const outcomes = await tryProjects(projects, folder, { noBrowser });
    for (const { name, state, reason } of outcomes) {
      if (state === "skipped") console.log(`skipped: ${name}: ${reason}`);
    }
    expect(failures(outcomes)).toEqual([]);
  },
  3_600_000,
);

const truth = JSON.parse(readFileSync(join(here, "expected.json"), "utf8"));

it("compares numbers, their count, and the backend that ran", () => {
  const right = { ...truth, backend: "cpu" };
  expect(() => check(right, { backend: "cpu" })).not.toThrow();
  expect(() => check(right, { backend: "onnx/wasm" })).toThrow("ran on cpu, not on onnx/wasm");
  for (const name of ["byFunction", "byBackend"] as const) {
    const changed = truth[name].with(3, truth[name][3] * 1.001);
    expect(() => check({ ...right, [name]: changed }, { backend: "cpu" }), name).toThrow(
      `${name}[3] must be`,
    );
    for (const values of [truth[name].slice(1), [...truth[name], 0], undefined]) {
      const damaged = { ...right, [name]: values };
      expect(() => check(damaged, { backend: "cpu" }), name).toThrow(`${name} must be 8 numbers`);
    }
  }
  const withImages = { backend: "cpu", images: true };
  expect(() => check(right, withImages)).toThrow("the pixels of digits must have");
});

it("refuses a name that no project has", () => {
  expect(() => chosenProjects(["vite", "parcel"])).toThrow("got parcel");
});

it("the README lists each project", () => {
  const readme = readFileSync(join(here, "README.md"), "utf8");
  for (const { name } of projects) expect(readme).toContain(`| [${name}](projects/${name}) |`);
});

it("the guide names the lowest TypeScript that is tested", () => {
  const { dependencies } = chosenProjects(["types"])[0];
  const lowest = dependencies["typescript-lowest"].replace("npm:typescript@", "");
  const minor = lowest.split(".").slice(0, 2).join(".");
  const guides = ["apps/docs/guide/versions.md", "apps/docs/zh/guide/versions.md"];
  for (const page of ["README.md", "README.zh.md", ...guides]) {
    expect(readFileSync(join(root, page), "utf8")).toContain(`TypeScript ${minor}`);
  }
});
