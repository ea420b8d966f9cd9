import { defineConfig } from "vitest/config";

// Tests import the packages' sources, so they never use a stale build.
const conditions = ["@gen/source", "node", "development|production"];

/** Their tests compute, and leave nothing behind. They share the modules that they load. */
const computing = "packages/{math,schedules,graph,nn,sampling,ddim,ddpm,vae,data,model-files}";
const tests = "test/**/*.test.ts";

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "apps",
          include: [`packages/*/${tests}`, "tooling/**/*.test.ts", `apps/*/${tests}`],
          exclude: [`${computing}/**`, "**/node_modules/**"],
          globalSetup: "tooling/scripts/shared-builds.ts",
        },
      },
      {
        extends: true,
        test: { name: "packages", include: [`${computing}/${tests}`], isolate: false },
      },
    ],
    // Node imports the embedded images by itself: Vite would map 5 MB of text.
    server: { deps: { external: [/\/packages\/data\/assets\//] } },
  },
});
