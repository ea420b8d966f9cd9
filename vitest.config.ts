import { defineConfig } from "vitest/config";

// Tests import the packages' sources, so they never use a stale build.
const conditions = ["@gen/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "tooling/**/*.test.ts", "apps/*/test/**/*.test.ts"],
    globalSetup: "tooling/scripts/shared-builds.ts",
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    // Node imports the embedded images by itself: Vite would map 5 MB of text.
    server: { deps: { external: [/\/packages\/data\/assets\//] } },
  },
});
