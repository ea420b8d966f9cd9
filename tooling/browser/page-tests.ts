import { afterAll, beforeAll, beforeEach, describe, it } from "vitest";
import { allEngines, type Engine, enginePath, engines, missingEngine } from "./engines.ts";
import type { EngineFeatures, FeatureName } from "./features.ts";
import {
  buildTestSite,
  type Scenarios,
  type SiteOptions,
  type TestPage,
  type TestSite,
} from "./test-page.ts";

/** The page that a group of tests shares. */
export interface PageKind extends SiteOptions {
  /** Whether `npm test` also runs the tests in every engine. @defaultValue `false` */
  readonly everyEngine?: boolean;
  /** The features that the tests need. Without them the tests are skipped. */
  readonly needs?: readonly FeatureName[];
}

/** The features that a backend needs. */
export function backendNeeds(name: string): FeatureName[] {
  if (name.includes("/webgpu")) return ["webgpu"];
  return name.includes("/webgl") ? ["webglFloatTargets"] : [];
}

/** The reason to skip a test: the needed features that an engine lacks. Empty if it has all. */
export function lacks(features: EngineFeatures, needs: readonly FeatureName[]): string {
  const missing = needs.filter((feature) => !features[feature]);
  return missing.length > 0 ? `this engine has no ${missing.join(", ")}` : "";
}

/** The engines of a group of tests. In `npm test` this is only Chromium, unless `everyEngine`. */
export const enginesOf = ({ everyEngine = false }: { everyEngine?: boolean } = {}): Engine[] =>
  everyEngine || allEngines ? [...engines] : ["chromium"];

/** Describes a group of tests for each engine. A missing engine has one skipped test. */
export function describeEngines(
  name: string,
  which: readonly Engine[],
  tests: (engine: Engine) => void,
): void {
  for (const engine of which) {
    describe(`${name}, ${engine}`, () => {
      if (enginePath(engine)) tests(engine);
      else it.skip(missingEngine(engine), () => {});
    });
  }
}

/** Page tests for one test file. The page runs `main.ts` of a folder, which sets `scenarios`. */
export function pageTests<S extends Scenarios>(
  page: URL,
  folders?: Readonly<Record<string, string>>,
) {
  let site: Promise<TestSite<S>> | undefined;
  return {
    /** Describes tests that share one page in each engine. */
    inBrowser(
      name: string,
      kind: PageKind,
      tests: (page: () => TestPage<S>, engine: Engine) => void,
    ): void {
      describeEngines(name, enginesOf(kind), (engine) => {
        let open: TestPage<S>;
        beforeAll(async () => {
          site ??= buildTestSite<S>(page, folders);
          open = await (await site).open(engine, kind);
        });
        afterAll(() => open?.close());
        beforeEach(({ skip }) => {
          const missing = lacks(open.features, kind.needs ?? []);
          skip(missing !== "", missing);
        });
        tests(() => open, engine);
      });
    },
    /** Closes the browsers after the file's tests. Call it once in each file. */
    closesBrowser(): void {
      afterAll(async () => (await site)?.close());
    },
  };
}
