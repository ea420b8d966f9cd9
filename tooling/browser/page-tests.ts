import { afterAll, beforeAll, beforeEach, describe, it } from "vitest";
import { type Engine, enginePath, engines, missingEngine, wholeMatrix } from "./engines.ts";
import type { EngineFeatures, FeatureName } from "./features.ts";
import {
  buildTestSite,
  type Scenarios,
  type SiteOptions,
  type TestPage,
  type TestSite,
} from "./test-page.ts";

/** The page that tests share, and where they run in it. */
export interface PageKind extends SiteOptions {
  /** Whether the tests run in every engine in `npm test` too. @defaultValue `false` */
  readonly everyEngine?: boolean;
  /** What the tests need of the engine; without it they are skipped, visibly. */
  readonly needs?: readonly FeatureName[];
}

/** What a backend of this name needs of the engine. */
export function backendNeeds(name: string): FeatureName[] {
  if (name.includes("/webgpu")) return ["webgpu"];
  return name.includes("/webgl") ? ["webglFloatTargets"] : [];
}

/** Which of these an engine lacks, in words for a test that is then skipped; empty where it has all. */
export function lacks(features: EngineFeatures, needs: readonly FeatureName[]): string {
  const missing = needs.filter((feature) => !features[feature]);
  return missing.length > 0 ? `this engine has no ${missing.join(", ")}` : "";
}

/** The engines of a group of tests: Chromium alone in `npm test` unless the group is for every engine. */
export const enginesOf = ({ everyEngine = false }: { everyEngine?: boolean } = {}): Engine[] =>
  everyEngine || wholeMatrix ? [...engines] : ["chromium"];

/** Describes a group of tests once for each engine; one test that is skipped where the engine is missing. */
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

/** For one test file: tests in pages that run `main.ts` of a folder, which leaves `scenarios` on the page. */
export function pageTests<S extends Scenarios>(
  page: URL,
  folders?: Readonly<Record<string, string>>,
) {
  let site: Promise<TestSite<S>> | undefined;
  return {
    /** Tests that share a page of their own in each engine. */
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
    /** To be called once in a file that has such tests. */
    closesBrowser(): void {
      afterAll(async () => (await site)?.close());
    },
  };
}
