import { expect } from "vitest";
import { errorLine, exitCode } from "../src/errors.ts";
import { program } from "../src/program.ts";

/** Runs a command in this process, which must refuse in one matching line, with exit code 2. */
export async function expectRefused(args: readonly string[], message: RegExp): Promise<void> {
  const error: unknown = await program()
    .parseAsync([...args], { from: "user" })
    .then(
      () => undefined,
      (reason) => reason,
    );
  expect(errorLine(error)).toMatch(message);
  expect(errorLine(error)).not.toContain("\n");
  expect(exitCode(error)).toBe(2);
}
