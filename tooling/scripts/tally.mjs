// @ts-check

/**
 * @typedef {{ fullName: string, status: string }} Test
 * @typedef {{ name: string, status: string, assertionResults: Test[] }} TestFile
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/**
 * Counts the tests of vitest's JSON report. A file that fails before its tests run counts as one
 * failed test. So does a run without a failed test whose exit code is not 0.
 *
 * @param {{ testResults: TestFile[] }} report
 * @param {number} exitCode
 * @returns {Counts & { skippedNames: string[] }}
 */
export function tally({ testResults }, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const skippedNames = [];
  for (const file of testResults) {
    let failedHere = 0;
    for (const { fullName, status } of file.assertionResults) {
      if (status === "passed") counts.passed++;
      else if (status === "failed") failedHere++;
      else {
        counts.skipped++;
        skippedNames.push(fullName.trim());
      }
    }
    counts.failed += file.status === "failed" ? Math.max(failedHere, 1) : failedHere;
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  if (counts.passed + counts.failed === 0) counts.failed = 1;
  return { ...counts, skippedNames };
}

/** @param {Counts} counts */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
