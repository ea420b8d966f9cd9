// @ts-check
// A reporter of vitest that prints each failure when it happens. Vitest's own prints them at the end,
// so a run of hours that is ended early would not say what failed.

class FailuresReporter {
  /** @param {import("vitest/node").TestCase} test */
  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    if (state !== "failed") return;
    const texts = errors.map(({ message, stack, diff }) =>
      [message, diff, stack?.split("\n").at(1)].filter(Boolean).join("\n"),
    );
    console.log(`failed: ${test.module.relativeModuleId} > ${test.fullName}\n${texts.join("\n")}`);
  }
}

// biome-ignore lint/style/noDefaultExport: vitest takes a reporter by its default export
export default FailuresReporter;
