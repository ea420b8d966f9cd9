import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines } from "../../../tooling/browser/page-tests.ts";
import { fencesOf } from "../scripts/fences.mjs";
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
const esbuild = "0.28.2";
const commands = (name: string) => {
  const command = filesOf(page).get(name);
  if (!command) throw new Error(`${page} has no fence ${name}`);
  return command;
};

/** Runs the commands of a fence in a folder. */
function shell(command: string, cwd: string): string {
  const ran = spawnSync("sh", ["-ec", command], { cwd, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`${command}\n${ran.stdout}\n${ran.stderr}`);
  return ran.stdout;
}

/** Installs packed packages and others, as a user does. It needs npm's registry. */
async function install(folder: string, others: Record<string, string>): Promise<void> {
  const packed: Record<string, string> = {};
  for (const name of packages) {
    const pack = `npx --yes pnpm@10.34.9 pack --pack-destination ${folder}`;
    shell(pack, join(root, "packages", name));
    packed[`@gen/${name}`] = `file:./gen-${name}-0.0.0.tgz`;
  }
  const dependencies = { ...packed, ...others };
  const manifest = { private: true, type: "module", dependencies, overrides: packed };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  shell("npm install --no-audit --no-fund", folder);
}

it.runIf(all)("a server bundle needs onnxruntime-node alone", async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), "gen-server-bundle-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  // The install script downloads CUDA's files, which the CPU does not need.
  await writeFile(join(folder, ".npmrc"), "ignore-scripts=true\n");
  await install(folder, { esbuild, "onnxruntime-node": "1.30.0" });
  const [{ code }] = fencesOf(await text, "ts");
  for (const where of ["", "{ worker: true }", "{ isolate: true }"]) {
    const program = code.replace("onnxBackend()", `onnxBackend(${where})`);
    await writeFile(join(folder, "main.mjs"), `${program}\nconsole.log(backend.name, x[0]);\n`);
    shell(commands("esbuild-server"), folder);
    expect(shell("node dist/main.mjs", folder), where).toMatch(/^onnx\/node-cpu 45\.2685/);
  }
  // CommonJS has no top-level await, and no URL of the module.
  const module = `import { onnxBackend } from "@gen/runtime-gpu/onnx";
    onnxBackend({ worker: true }).then(({ name, close }) => console.log(name) ?? close());`;
  await writeFile(join(folder, "main.js"), module);
  shell("npx esbuild main.js --bundle --platform=node --outfile=dist/main.cjs", folder);
  expect(shell("node dist/main.cjs", folder)).toBe("onnx/node-cpu\n");
});

describeEngines("the bundlers of the guide", ["chromium"], (engine) => {
  let folder = "";
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gen-bundlers-"));
    await writePageFiles(page, folder, [
      ...["index.html", "main.js", "worker.js", "with-worker.js", "plain.html", "tfjs.js"],
      ...["vite.config.js", "webpack.config.mjs"],
    ]);
    await install(folder, {
      ...{ ...versions, esbuild, "webpack-cli": "6.0.1", "onnxruntime-web": "1.30.0" },
      "@rollup/plugin-node-resolve": "16.0.3",
      ...{ "@tensorflow/tfjs": "4.22.0", "@tensorflow/tfjs-backend-wasm": "4.22.0" },
    });
    browser = await launch(engine);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a page on a host with the headers for threads. */
  async function opened<T>(path: string, read: (page: BrowserPage) => Promise<T>): Promise<T> {
    const headers = filesOf("guide/publish.md").get("_headers") ?? "";
    const isolation = headers.split("\n").filter((line) => !/Content-Security/.test(line));
    const host = await hostFolder(join(folder, path), readHeaderFile(isolation.join("\n")));
    const page = await browser.newPage();
    try {
      await page.goto(host.url);
      return await read(page);
    } finally {
      await page.close();
      await host.close();
    }
  }
  /** What the page says. */
  const visit = (path: string) =>
    opened(path, async (page) => {
      await page.waitFor(() => document.querySelector("output")?.textContent);
      expect(await page.problems()).toEqual([]);
      return await page.text("output");
    });

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
      const files = await readdir(join(folder, "dist"), { recursive: true });
      expect(
        files.filter((file) => file.endsWith(".wasm")),
        name,
      ).toHaveLength(1);
    }
    const html = await readFile(join(folder, "index.html"), "utf8");
    shell(commands("esbuild-worker"), folder);
    await writeFile(join(folder, "dist/index.html"), html.replace("main.js", "with-worker.js"));
    expect(await visit("dist")).toBe("onnx/wasm 512,2");
  });

  it.runIf(all)("gives TensorFlow.js its file", async () => {
    const files = ["index.html", "webpack.config.mjs"];
    const before = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
    for (const [i, name] of files.entries())
      await writeFile(join(folder, name), before[i].replace("main.js", "tfjs.js"));
    for (const command of ["npx vite build", "npx webpack && cp index.html dist/"]) {
      await rm(join(folder, "dist"), { recursive: true, force: true });
      shell(command, folder);
      // webpack names its output main.js.
      if (command.includes("webpack")) await writeFile(join(folder, "dist/index.html"), before[0]);
      expect(await visit("dist"), command).toBe("tfjs/wasm");
    }
    for (const [i, name] of files.entries()) await writeFile(join(folder, name), before[i]);
  });

  it.runIf(all)("names the URL of a file that was not copied, and the command", async () => {
    await rm(join(folder, "dist"), { recursive: true, force: true });
    shell(commands("esbuild"), folder);
    const [, file] = /cp index\.html (\S+) dist/.exec(commands("esbuild")) ?? [];
    await rm(join(folder, "dist", basename(file)));
    await opened("dist", async (page) => {
      const problems = () => page.problems().then((all) => all.join("\n"));
      await expect.poll(problems, { timeout: 20_000 }).toContain("wasmPaths");
      const url = `http:\\S+/${basename(file)} \\(status 404\\)`;
      expect(await problems()).toMatch(new RegExp(`looked for at ${url}: .*cp ${file} dist/`));
    });
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
