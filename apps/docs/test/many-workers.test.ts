import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pageText } from "../../../tooling/pages/written-parts.ts";
import { fencesOf } from "../scripts/fences.mjs";
import { idleProgram, wordsOf } from "./command-lines.ts";

/*
 * The files that "From one process to many" shows: what they start must exist and fit together.
 */

const page = pageText("guide/many-workers.md");
const codes = (language: string) => fencesOf(page, language).map(({ code }) => code);
/** The fence of a file, which begins with its path. */
const fileOf = (path: string) => {
  const found = ["dockerfile", "yaml", "ini"]
    .flatMap(codes)
    .find((each) => each.split("\n")[0].endsWith(path));
  return found?.replace(/^# .*\n/, "") ?? "";
};

/** Parses a line of gen, and the command inside `gen jobs submit`. Gives the words. */
async function accepted(line: string): Promise<string[]> {
  const [, ...words] = wordsOf(line);
  await idleProgram().parseAsync(words, { from: "user" });
  const inner = words.findIndex((word, i) => i > 0 && ["sample", "generate"].includes(word));
  if (inner > 0) await idleProgram().parseAsync(words.slice(inner), { from: "user" });
  return words;
}

const flagValue = (words: readonly string[], flag: string) =>
  words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined;

const lines = codes("sh")
  .join("\n")
  .split("\n")
  .map((line) => line.replace(/^.* worker gen /, "gen "))
  .filter((line) => line.startsWith("gen "));

it.each(lines)("the command takes: %s", async (line) => {
  await accepted(line);
});

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
  readonly stop_grace_period?: string;
}

describe("compose.yaml", () => {
  const compose: {
    readonly services: Readonly<Record<string, Service>>;
    readonly volumes: Readonly<Record<string, null>>;
    readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  } = parse(fileOf("compose.yaml"));
  const services = Object.entries(compose.services);

  it("has the services of the page", () => {
    expect(Object.keys(compose.services)).toEqual(["redis", "worker", "server"]);
  });

  it.each(services)("names the image of %s by its version, and starts it again", (_, service) => {
    expect(service.image).toMatch(/^[a-z/]+:\d+\.\d+\.\d+$/);
    expect(service.restart).toBe("unless-stopped");
  });

  it.each(services)("gives %s only what exists", async (name, service) => {
    const mounts = (service.volumes ?? []).map((mount) => mount.split(":"));
    for (const [from] of mounts)
      if (!from.startsWith(".")) expect(Object.keys(compose.volumes)).toContain(from);
    for (const secret of service.secrets ?? [])
      expect(compose.secrets[secret].file).toMatch(/^\.\//);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(condition).toBe("service_healthy");
      expect(compose.services[other].healthcheck).toBeDefined();
    }
    if (name === "redis") {
      expect(service.command).toMatch(/^redis-server .*--appendonly yes/);
      expect(service.command).toContain("--maxmemory-policy noeviction");
      expect(mounts).toContainEqual(["queue", "/data"]);
      expect(service.healthcheck?.test).toEqual(["CMD", "redis-cli", "ping"]);
      return;
    }
    const words = await accepted(service.command);
    const seen = mounts.map(([, to]) => to);
    seen.push(...(service.secrets ?? []).map((secret) => `/run/secrets/${secret}`));
    for (const flag of ["--store", "--cache", "--model", "--token-file"]) {
      const path = flagValue(words, flag);
      if (path !== undefined) expect(seen, flag).toContain(path);
    }
    for (const port of service.ports ?? [])
      expect(port.split(":")[1]).toBe(flagValue(words, "--port"));
    // Jobs of the page are for the default backend.
    expect(flagValue(words, "--backend")).toBeUndefined();
    const { GEN_REDIS: redis } = service.environment ?? {};
    if (words.includes("jobs")) {
      await accepted(`gen jobs status --redis ${redis}`);
      expect(Object.keys(compose.services)).toContain(new URL(redis ?? "").hostname);
    } else expect(Number.parseInt(service.stop_grace_period ?? "", 10)).toBeGreaterThan(30);
  });

  it("asks the server whether it is ready", async () => {
    const { test = [], ...service } = compose.services.server.healthcheck ?? {};
    expect(service).toMatchObject({ interval: "10s" });
    const [kind, program, ...args] = test;
    expect([kind, program]).toEqual(["CMD", "node"]);
    let [status, asked] = [200, ""];
    const server = createServer((request, response) => {
      asked = request.url ?? "";
      response.writeHead(status).end();
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo;
    const check = () =>
      promisify(execFile)(
        process.execPath,
        args.map((arg) => arg.replace(":8000/", `:${port}/`)),
      );
    await check();
    expect(asked).toBe("/ready");
    status = 503;
    await expect(check()).rejects.toMatchObject({ code: 1 });
    server.close();
    server.closeAllConnections();
    await expect(check()).rejects.toMatchObject({ code: 1 });
  });
});

it("the image has the versions that this repository tests", () => {
  const text = fileOf("Dockerfile").replaceAll("\\\n", " ");
  const [, node] = /^FROM node:(\d+\.\d+\.\d+)-/m.exec(text) ?? [];
  expect(Number.parseInt(node, 10)).toBeGreaterThanOrEqual(20);
  const [, list = ""] = /npm install -g (.*)/.exec(text) ?? [];
  const installed = list
    .trim()
    .split(/\s+/)
    .map((each) => {
      const at = each.lastIndexOf("@");
      return [each.slice(0, at), each.slice(at + 1)] as const;
    });
  const manifest = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../packages/cli/package.json"), "utf8"),
  );
  for (const [name, version] of installed) {
    if (name === "@gen/cli") expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    else expect(version, name).toBe(manifest.devDependencies[name]);
  }
  const folders = Object.values(["/results", "/models"]);
  for (const folder of folders) expect(text).toMatch(new RegExp(`mkdir .*${folder}\\b`));
});

describe("gen-worker@.service", () => {
  const unit = fileOf("gen-worker@.service");
  const { Service = {}, Unit = {}, Install = {} } = sectionsOf(unit);

  it("starts a worker as the command allows", async () => {
    const [, line] = /^\/usr\/bin\/env (gen .*)$/.exec(Service.ExecStart) ?? [];
    const words = await accepted(line);
    expect(flagValue(words, "--cache")).toBe(`/var/cache/${Service.CacheDirectory}`);
    // A worker refuses jobs for other backends and in other stores.
    const submits = lines.filter((line) => line.includes("s3://") && line.includes("submit"));
    expect(submits).toHaveLength(1);
    for (const [flag, own] of [
      ["--backends", "--backend"],
      ["--store", "--store"],
    ])
      expect(flagValue(wordsOf(submits[0]), flag)).toBe(flagValue(words, own));
    expect(Service).toMatchObject({ User: "gen", Restart: "always", SuccessExitStatus: "130" });
    expect(Unit.StartLimitIntervalSec).toBe("0");
    expect(Install.WantedBy).toBe("multi-user.target");
  });

  it("has its passwords in a file that the page shows", async () => {
    const variables = sectionsOf(fileOf(basename(Service.EnvironmentFile)))[""];
    await accepted(`gen jobs status --redis ${variables.GEN_REDIS}`);
    const conf = fileOf("redis.conf");
    const { password, hostname } = new URL(variables.GEN_REDIS);
    expect(conf).toMatch(new RegExp(`^requirepass ${password}$`, "m"));
    expect(conf).toMatch(new RegExp(`^bind .*\\b${hostname}$`, "m"));
    expect(conf).toMatch(/^appendonly yes$/m);
    expect(conf).toMatch(/^maxmemory-policy noeviction$/m);
  });

  const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;
  it.runIf(hasSystemd)("is what systemd accepts", () => {
    const folder = mkdtempSync(join(tmpdir(), "gen-units-"));
    const path = join(folder, "gen-worker@0.service");
    writeFileSync(path, unit);
    const { stderr } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(stderr.split("\n").filter((line) => line.includes("gen-worker"))).toEqual([]);
  });
});

/** The lines of an INI file by section. */
function sectionsOf(text: string): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = { "": {} };
  let name = "";
  for (const line of text.split("\n").filter(Boolean)) {
    const [, section] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (section !== undefined) name = section;
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key === undefined && section === undefined) throw new Error(`no line of a unit: ${line}`);
    found[name] ??= {};
    if (key !== undefined) found[name][key] = value;
  }
  return found;
}
