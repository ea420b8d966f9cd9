// @ts-check
/**
 * NOT YET GROUPED: entry points whose parts may still be missing. Their missing parts do not fail the
 * build, and symbols without a group are on the page of the entry point. The list only shrinks: a complete
 * entry point on it fails the build.
 *
 * @type {readonly string[]}
 */
export const notYetGrouped = [];
