/*
 * The ranges of the optional peers: the lowest version of each trains and samples as the newest does.
 * The lowest versions were found by trying (2026-11-30, Node 20.20): onnxruntime-web 1.17 does not
 * start in Node, 1.19.2 does. GEN_TEST_ALL=1 installs them from npm.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../scripts/shell.mjs";
import { publishedPackages } from "./packages.mjs";
import { runWithPeers } from "./peers.mjs";

const manifests = publishedPackages(root).map(({ manifest }) => manifest);
const peersOf = (name: string) =>
  manifests.find((manifest) => manifest.name === name)?.peerDependencies ?? {};
const ranges = peersOf("@gen/runtime-gpu");
const lowest = (name: string) => ranges[name].slice(1);

it("the packages agree on the ranges, and each range has the version that the workspace tests", () => {
  // sharp is a peer of @gen/data alone, the libraries of HTTP are those of @gen/server, those of queues of @gen/jobs.
  const { sharp, ...others } = peersOf("@gen/cli");
  expect(peersOf("@gen/data").sharp).toBe(sharp);
  const services = { ...peersOf("@gen/server"), ...peersOf("@gen/jobs") };
  expect(Object.keys(services)).toEqual(expect.arrayContaining(["fastify", "bullmq"]));
  for (const [name, range] of Object.entries(services)) expect(others[name]).toBe(range);
  const runtimes = Object.fromEntries(
    Object.entries(others).filter(([name]) => !Object.hasOwn(services, name)),
  );
  for (const [name, range] of Object.entries(runtimes)) expect(ranges[name]).toBe(range);
  const path = join(root, "packages", "runtime-gpu", "package.json");
  const { devDependencies } = JSON.parse(readFileSync(path, "utf8"));
  for (const [name, range] of Object.entries(ranges)) {
    expect(range).toMatch(/^\^\d+\.\d+\.\d+$/);
    const [least, tested] = [lowest(name), devDependencies[name]].map((text: string) =>
      text.split(".").map(Number),
    );
    expect(tested[0]).toBe(least[0]);
    expect(tested[1]).toBeGreaterThanOrEqual(least[1]);
  }
});

describe.runIf(process.env.GEN_TEST_ALL === "1")("the lowest version", () => {
  it.each([
    [["onnxruntime-web"], ["onnx/wasm"]],
    [["onnxruntime-node"], ["onnx/node-cpu"]],
    [
      ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"],
      ["tfjs/wasm", "tfjs/cpu"],
    ],
  ])("of %j runs %j", { timeout: 1800_000 }, async (names, backends) => {
    const peers = Object.fromEntries(names.map((name) => [name, lowest(name)]));
    const found = await runWithPeers(peers, backends);
    expect(found.map(({ name }) => name)).toEqual(backends);
    for (const { count, error, live } of found) {
      expect([count, live]).toEqual([264, 0]);
      expect(error).toBeLessThan(1e-5);
    }
  });
});
