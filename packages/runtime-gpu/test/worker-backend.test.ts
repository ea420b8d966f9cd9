import { describe, expect, it } from "vitest";
import { cpuBackend } from "../src/cpu.ts";
import { openBackend, serveBackend, workerBackend } from "../src/index.ts";
import type { Port } from "../src/remote/port.ts";
import { remoteBackend } from "../src/remote/worker-backend.ts";
import { conforms } from "./run-conformance.ts";

/** The two ends of a line. */
function line(): [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  // A waiting port would keep the process alive.
  for (const port of [port1, port2] as unknown as { unref(): void }[]) port.unref();
  return [port1 as unknown as Port, port2 as unknown as Port];
}

describe("over a port", () => {
  conforms(
    "cpu",
    () => {
      const [here, there] = line();
      serveBackend(async () => cpuBackend(), there);
      return workerBackend(here);
    },
    { tolerance: 1e-15 },
  );

  it("a backend that cannot be opened says why", async () => {
    const [here, there] = line();
    serveBackend(() => openBackend("nonsense"), there);
    await expect(workerBackend(here)).rejects.toThrow(
      expect.objectContaining({ name: "GenError", code: "backend-unavailable" }),
    );
  });

  it("options that cannot cross over are refused, and the next call is answered", async () => {
    const [here, there] = line();
    serveBackend(async () => cpuBackend(), there);
    await expect(remoteBackend(here, { log: () => 0 })).rejects.toThrow(/could not be cloned/);
    const backend = await remoteBackend(here, {});
    expect(backend.name).toBe("cpu");
    await backend.close();
  });

  it("a refused upload throws when its tensor is used", async () => {
    const [here, there] = line();
    serveBackend(() => openBackend("tfjs/cpu"), there);
    const backend = await workerBackend(here);
    const wide = backend.upload([2 ** 40], [1], "int64");
    await expect(backend.download(wide)).rejects.toThrow("tfjs holds int64 as int32");
    await expect(backend.download(wide)).rejects.toThrow(RangeError);
    backend.dispose(wide);
    expect(backend.memory().live).toBe(0);
    await backend.close();
  });
});
