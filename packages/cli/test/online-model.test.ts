import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { expectRefusal, gen, interruptGen, runJson, scratch } from "./gen.ts";

const folder = fileURLToPath(new URL("reference/unet-28", import.meta.url));
const { at } = scratch();
process.env.XDG_CACHE_HOME = at("cache");

let slow = false;
const requested: string[] = [];
const server = createServer((request, response) => {
  const path = new URL(request.url as string, "http://here").pathname;
  requested.push(path);
  const file = join(folder, path.replace("/models/unet", ""));
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  const bytes = readFileSync(file);
  response.setHeader("etag", `"${bytes.length}"`);
  if (request.headers["if-none-match"] === `"${bytes.length}"`) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { "content-length": bytes.length });
  if (!slow || !path.endsWith(".onnx")) response.end(bytes);
  else response.write(bytes.subarray(0, bytes.length / 2));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const given = ["--init", `${folder}/noise.npy`, "--steps", "3"];
const online = ["sample", "--model", `${origin}/models/unet`, ...given];

test("Ctrl-C stops a download", async () => {
  slow = true;
  const ran = await interruptGen([...online, "--out", at("stopped.npy")], /downloading unet/);
  slow = false;
  expect(ran.code).toBe(130);
  expect(ran.stderr).toMatch(/the downloaded bytes are kept/);
  expect(existsSync(at("stopped.npy"))).toBe(false);
});

test("a pipeline at a URL gives the samples of the same folder here, and is downloaded once", async () => {
  await runJson("sample", "--model", folder, ...given, "--out", at("here.npy"));
  await runJson(...online, "--out", at("online.npy"));
  expect(readFileSync(at("online.npy"))).toEqual(readFileSync(at("here.npy")));
  expect(requested).toContain("/models/unet/unet/model.onnx");
  expect(readdirSync(at("cache")).length).toBeGreaterThan(0);
  const again = await gen([...online, "--out", at("again.npy")]);
  expect(again.code).toBe(0);
  expect(again.stderr).not.toMatch(/downloading unet/);
  expect(readFileSync(at("again.npy"))).toEqual(readFileSync(at("here.npy")));
});

test("a missing file is reported in one line", async () => {
  const args = ["sample", "--model", `${origin}/nothing`, "--out", at("none.npy")];
  await expectRefusal(args, /scheduler_config\.json is missing/);
});
