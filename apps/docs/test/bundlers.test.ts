import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines } from "../../../tooling/browser/page-tests.ts";
import { hostFolder, readHeaderFile } from "./host-folder.ts";
import { filesOf, writePageFiles } from "./page-files.ts";

const docs = dirname(import.meta.dirname);
const root = join(docs, "../..");
const page = "guide/bundlers.md";
// The tests install bundlers from npm's registry.
const all = process.env.GEN_TEST_ALL === "1";

/** The versions that the page's table names. */
const versions = { webpack: "5.113.0", rollup: "4.68.8", bun: "1.4.5", vite: "8.3.8" };
const packages = "math graph nn sampling schedules runtime-gpu".split(" ");
const text = readFile(join(docs, page), "utf8");

/** Runs the commands of a fence in a folder. */
function shell(command: string, cwd: string): void {
  const ran = spawnSync("sh", ["-ec", command], { cwd, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`${command}\n${ran.stdout}\n${ran.stderr}`);
}

/** Installs packed packages and the bundlers, as a user does. It needs npm's registry. */
async function install(folder: string): Promise<void> {
  const packed: Record<string, string> = {};
  for (const name of packages) {
    const pack = `npx --yes pnpm@10.34.9 pack --pack-destination ${folder}`;
    shell(pack, join(root, "packages", name));
    packed[`@gen/${name}`] = `file:./gen-${name}-0.0.0.tgz`;
  }
  const tools = { ...versions, esbuild: "0.28.2", "webpack-cli": "6.0.1" };
  const dependencies = { ...packed, ...tools, "onnxruntime-web": "1.30.0" };
  const manifest = {
    private: true,
    type: "module",
    dependencies: { ...dependencies, "@rollup/plugin-node-resolve": "16.0.3" },
    overrides: packed,
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  shell("npm install --no-audit --no-fund", folder);
}

describeEngines("the bundlers of the guide", ["chromium"], (engine) => {
  let folder = "";
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gen-bundlers-"));
    await writePageFiles(page, folder, [
      ...["index.html", "main.js", "worker.js", "with-worker.js", "plain.html"],
      ...["vite.config.js", "webpack.config.mjs"],
    ]);
    await install(folder);
    browser = await launch(engine);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What the page says, on a host with the headers for threads. */
  async function visit(path: string): Promise<string> {
    const headers = filesOf("guide/publish.md").get("_headers") ?? "";
    const isolation = headers.split("\n").filter((line) => !/Content-Security/.test(line));
    const host = await hostFolder(join(folder, path), readHeaderFile(isolation.join("\n")));
    const page = await browser.newPage();
    try {
      await page.goto(host.url);
      await page.waitFor(() => document.querySelector("output")?.textContent);
      expect(await page.problems()).toEqual([]);
      return await page.text("output");
    } finally {
      await page.close();
      await host.close();
    }
  }
  const commands = (name: string) => {
    const command = filesOf(page).get(name);
    if (!command) throw new Error(`${page} has no fence ${name}`);
    return command;
  };

  it.runIf(all)("builds with what the page sets", async () => {
    for (const [name, version] of Object.entries(versions)) {
      expect((await text).toLowerCase(), name).toContain(`(#${name}) ${version}`);
    }
    for (const [name, command] of [
      ["vite", "npx vite build"],
      ["webpack", "npx webpack && cp index.html dist/"],
      ["esbuild", commands("esbuild")],
      ["rollup", commands("rollup")],
      ["bun", commands("bun").replace("bun build", "npx bun build")],
    ]) {
      await rm(join(folder, "dist"), { recursive: true, force: true });
      shell(command, folder);
      expect(await visit("dist"), name).toBe("onnx/wasm 512,2");
    }
    const html = await readFile(join(folder, "index.html"), "utf8");
    shell(commands("esbuild-worker"), folder);
    await writeFile(join(folder, "dist/index.html"), html.replace("main.js", "with-worker.js"));
    expect(await visit("dist")).toBe("onnx/wasm 512,2");
  });

  it.runIf(all)("needs none: an import map does", async () => {
    const site = join(folder, "site");
    const linked = join(site, "node_modules");
    await mkdir(join(linked, "@gen"), { recursive: true });
    for (const name of packages) {
      await symlink(join(root, "packages", name), join(linked, "@gen", name), "junction");
    }
    const of = (path: string) => join(root, "packages", path, "node_modules");
    await symlink(join(of("graph"), "@bufbuild"), join(linked, "@bufbuild"), "junction");
    const ort = join(of("runtime-gpu"), "onnxruntime-web");
    await symlink(ort, join(linked, "onnxruntime-web"), "junction");
    shell(commands("vendor"), site);
    await cp(join(folder, "main.js"), join(site, "main.js"));
    await cp(join(folder, "plain.html"), join(site, "index.html"));
    expect(await visit("site")).toBe("onnx/wasm 512,2");
    expect(await readdir(join(site, "vendor/ort"))).toHaveLength(2);
  });
});
