/** The browser engines of the tests: of Chrome and Edge, of Firefox, of Safari. */
export const engines = ["chromium", "firefox", "webkit"] as const;
export type Engine = (typeof engines)[number];

/** The environment variable for the path of each engine's browser. `npm test` sets all three. */
const engineVariables: Record<Engine, string> = {
  chromium: "GEN_BROWSER",
  firefox: "GEN_FIREFOX",
  webkit: "GEN_WEBKIT",
};

/** The path of an engine's browser. Empty if there is none. */
export function enginePath(engine: Engine): string {
  const path = process.env[engineVariables[engine]] ?? "";
  return path === "none" ? "" : path;
}

/** Whether every page test runs in every engine. `npm run test:all` sets the variable. */
export const allEngines = process.env.GEN_TEST_ALL === "1";

/** The title of a skipped test whose engine is missing. */
export const missingEngine = (engine: Engine): string =>
  `needs ${engine}: set ${engineVariables[engine]} to its path`;
