import { describe, expect, it } from "vitest";
import { closingLine, tally } from "./tally.mjs";

const file = (status: string, ...statuses: string[]) => ({
  name: "a.test.ts",
  status,
  assertionResults: statuses.map((each, i) => ({ fullName: ` test ${i}`, status: each })),
});

describe("tally", () => {
  it("counts passed, failed and skipped tests over all files", () => {
    const report = {
      testResults: [
        file("passed", "passed", "skipped", "pending"),
        file("failed", "failed", "passed"),
      ],
    };
    expect(tally(report, 1)).toEqual({
      passed: 2,
      failed: 1,
      skipped: 2,
      skippedNames: ["test 1", "test 2"],
    });
  });

  it("counts a file that fails before its tests run as one failed test", () => {
    expect(tally({ testResults: [file("failed"), file("passed", "passed")] }, 1)).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  it("counts a file whose tests pass and whose teardown fails as one failed test", () => {
    expect(tally({ testResults: [file("failed", "passed")] }, 1).failed).toBe(1);
  });

  it("reports a failure for a nonzero exit code and for a run without tests", () => {
    expect(tally({ testResults: [file("passed", "passed")] }, 1).failed).toBe(1);
    expect(tally({ testResults: [] }, 0).failed).toBe(1);
    expect(tally({ testResults: [file("passed", "skipped")] }, 0).failed).toBe(1);
  });
});

describe("closingLine", () => {
  it("counts skipped tests only if there are any", () => {
    expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
    expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
  });
});
