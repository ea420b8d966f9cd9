import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishedPackages } from "../../../tooling/release/packages.mjs";
import { stage } from "../../../tooling/release/stage.mjs";
import { freePort } from "../../../tooling/scripts/free-port.mjs";

const root = join(import.meta.dirname, "../../..");
const example = join(dirname(import.meta.dirname), "next-server");
// The test installs Next from npm's registry.
const all = process.env.GEN_TEST_ALL === "1";

describe.runIf(all)("next-server", () => {
  let folder = "";
  let server: ChildProcess | undefined;
  let url = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gen-next-"));
    cpSync(example, folder, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const packages = publishedPackages(root);
    const own = packages.map((one) => one.manifest.dependencies ?? {});
    const dependencies = Object.fromEntries(
      [manifest.dependencies, ...own]
        .flatMap((each) => Object.entries<string>(each))
        .filter(([name]) => !name.startsWith("@gen/")),
    );
    writeFileSync(join(folder, "package.json"), JSON.stringify({ ...manifest, dependencies }));
    const options = { cwd: folder, stdio: "pipe" as const };
    execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], options);
    const stamp = { repository: "https://example.org/gen", gitHead: "", version: "0.1.0" };
    for (const one of packages) stage(one, packages, stamp, join(folder, "node_modules/@gen"));
    const next = join(folder, "node_modules/next/dist/bin/next");
    execFileSync(process.execPath, [next, "build"], options);
    const port = await freePort();
    url = `http://127.0.0.1:${port}/samples`;
    server = spawn(process.execPath, [next, "start", "-p", `${port}`], options);
    for (let ready = false; !ready; ) {
      await new Promise((done) => setTimeout(done, 200));
      ready = await fetch(`${url}?count=1`).then(
        (response) => response.ok,
        () => false,
      );
    }
  });
  afterAll(() => {
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it("answers with samples of a seed", async () => {
    const samples = async (query: string) => (await fetch(`${url}?${query}`)).json();
    const first = await samples("count=500&seed=7");
    expect(first.shape).toEqual([500, 2]);
    expect(await samples("count=500&seed=7")).toEqual(first);
    expect(await samples("count=500&seed=8")).not.toEqual(first);
    // The data have variance 1. Without training the points lie some 40 away.
    const variance = first.points.reduce((sum: number, v: number) => sum + v * v, 0) / 1000;
    expect(variance).toBeGreaterThan(0.5);
    expect(variance).toBeLessThan(2);
  });

  it("refuses what is not allowed", async () => {
    for (const query of ["count=0", "count=20000", "seed=-1", "count=many"]) {
      const response = await fetch(`${url}?${query}`);
      expect(response.status, query).toBe(400);
      expect((await response.json()).error).toMatch(/count|seed/);
    }
  });
});
