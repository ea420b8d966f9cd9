import { graphOf, input, mul } from "@gen/graph";
import { expect, it } from "vitest";
import { backendOver, type Device } from "../src/device.ts";

/** A device of numbered handles, whose readings wait for `finish`. */
function numbered() {
  const freed: number[] = [];
  const waiting = new Map<number, () => void>();
  let made = 0;
  const device: Device<number> = {
    name: "numbered",
    write: () => ++made,
    read: (handle) =>
      new Promise((resolve) => {
        waiting.set(handle, () => resolve(Float32Array.of(handle)));
      }),
    free: (handle) => void freed.push(handle),
    compile: async () => ({ run: async () => ({ y: ++made }), dispose: async () => {} }),
    close: async () => {},
  };
  return {
    backend: backendOver(device),
    freed,
    finish: (handle: number) => waiting.get(handle)?.(),
  };
}

it("a reading under way keeps only its own tensor", async () => {
  const { backend, freed, finish } = numbered();
  const x = input("x", { shape: [1] });
  const program = await backend.compile(graphOf({ y: mul(x, 2) }));
  let here = backend.upload([1], [1]);
  const readings = [backend.download(here)];
  for (let step = 0; step < 3; step++) {
    const { y } = await program.run({ x: here });
    backend.dispose(here);
    here = y;
  }
  expect(freed).toEqual([2, 3]);
  // Another reading of the last one begins before the first has ended.
  readings.push(backend.download(here));
  backend.dispose(here);
  finish(1);
  expect([...(await readings[0])]).toEqual([1]);
  expect(freed).toEqual([2, 3, 1]);
  finish(4);
  await readings[1];
  expect(freed).toEqual([2, 3, 1, 4]);
  expect(backend.memory().live).toBe(0);
  await backend.close();
});

it("a tensor disposed of during a run is freed at its end", async () => {
  const { backend, freed } = numbered();
  const x = input("x", { shape: [1] });
  const program = await backend.compile(graphOf({ y: mul(x, 2) }));
  const [a, b] = [backend.upload([1], [1]), backend.upload([2], [1])];
  const running = program.run({ x: a });
  backend.dispose(a, b);
  expect(freed).toEqual([]);
  const { y } = await running;
  expect(freed).toEqual([1, 2]);
  backend.dispose(y);
  expect(freed).toEqual([1, 2, 3]);
});
