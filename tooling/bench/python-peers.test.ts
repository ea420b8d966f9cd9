import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startPeer, startWays } from "./python-peers.mjs";

beforeAll(() => {
  vi.stubEnv("GEN_BENCH_PYTHON", process.execPath);
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test("The fastest way is the peer of the ratio; the note has the others and what is left out", async () => {
  const ways = [["30"], ["20", 1], ["no g++"], ["missing"], ["40"]];
  const fake = await startWays("fake.mjs", ways);
  const blocks: Record<string, number[][]> = { ours: [[10, 10]] };
  for (const [name, steps] of Object.entries(fake.sides)) blocks[name] = [await steps(2)];
  expect(fake.best(blocks)).toEqual({
    peer: [[20, 20]],
    name: "Fake 1.0, 20, 1 thread",
    note:
      "the peer's other ways: 30, 2 threads: 30.0 ms [30.0, 30.0]; 40, 2 threads: 40.0 ms [40.0, 40.0]; " +
      "no g++: left out, fake.mjs failed: no g++; " +
      "missing: left out, fake.mjs failed: ModuleNotFoundError: No module named 'torch'; " +
      "GEN_BENCH_PYTHON must have the packages of tooling/bench/requirements.txt",
  });
  await fake.stop();
});

test("A peer without any way that starts has the reason as its name", async () => {
  const fake = await startWays("fake.mjs", [["no g++"], ["no g++", 1]]);
  expect(fake.sides).toEqual({});
  expect(fake.best({})).toEqual({ name: "fake.mjs failed: no g++" });
  const peer = await startPeer("fake.mjs", "missing");
  expect(peer.name).toMatch(/^fake\.mjs failed: ModuleNotFoundError/);
  expect(peer).not.toHaveProperty("request");
});
