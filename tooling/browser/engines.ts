/** The engines that browsers are made of: Chrome's and Edge's, Firefox's, Safari's. */
export const engines = ["chromium", "firefox", "webkit"] as const;
export type Engine = (typeof engines)[number];

/** The environment variable that holds the path of each engine's program; `npm test` sets all three. */
const engineVariables: Record<Engine, string> = {
  chromium: "GEN_BROWSER",
  firefox: "GEN_FIREFOX",
  webkit: "GEN_WEBKIT",
};

/** Where an engine's program is; empty where there is none. */
export function enginePath(engine: Engine): string {
  const path = process.env[engineVariables[engine]] ?? "";
  return path === "none" ? "" : path;
}

/** Whether every page test runs in every engine, as `npm run test:all` has it. */
export const wholeMatrix = process.env.GEN_TEST_ALL === "1";

/** What a test says when its engine is not there. */
export const missingEngine = (engine: Engine): string =>
  `needs ${engine}: set ${engineVariables[engine]} to its path`;
