import { afterAll, describe, it } from "vitest";
import type { Backend, DeviceTensor } from "../src/index.ts";
import { conformance, type Limits } from "./conformance.ts";

/** Runs every case on one backend; the case that closes it comes last. */
export function conforms(
  name: string,
  make: () => Promise<Backend<DeviceTensor>> | Backend<DeviceTensor>,
  limits: Limits,
): void {
  describe(name, () => {
    let backend: Promise<Backend<DeviceTensor>> | undefined;
    afterAll(async () => (await backend)?.close());
    for (const { name: requirement, needs = [], run } of conformance) {
      const lacks = needs.some((dtype) => limits.without?.includes(dtype));
      it.skipIf(lacks)(requirement, async ({ expect }) => {
        backend ??= Promise.resolve(make());
        const subject = await backend;
        expect(subject.name).toBe(name);
        try {
          await run(subject, limits);
        } catch (error) {
          // What this case has left behind must not fail the next ones.
          backend = undefined;
          await subject.close();
          throw error;
        }
      });
    }
  });
}
