import { afterEach, describe, expect, it, vi } from "vitest";
import { eventLoopYielder } from "../src/event-loop.ts";

afterEach(() => vi.unstubAllGlobals());

describe("eventLoopYielder", () => {
  it.each([[], ["setImmediate"], ["setImmediate", "MessageChannel"]])(
    "lets other tasks run in a host without %s %s",
    async (...missing: string[]) => {
      const { setTimeout } = globalThis;
      for (const name of missing) vi.stubGlobal(name, undefined);
      const yieldIfLong = eventLoopYielder(0);
      let ran = false;
      setTimeout(() => {
        ran = true;
      }, 0);
      for (let i = 0; i < 1000 && !ran; i++) await yieldIfLong();
      expect(ran).toBe(true);
    },
  );

  it("does not yield before the milliseconds have passed", () => {
    const yieldIfLong = eventLoopYielder(60_000);
    expect(yieldIfLong()).toBeUndefined();
  });

  it("continues in a host without timers", async () => {
    for (const name of ["setImmediate", "MessageChannel", "setTimeout"]) {
      vi.stubGlobal(name, undefined);
    }
    await eventLoopYielder(0)();
  });
});
