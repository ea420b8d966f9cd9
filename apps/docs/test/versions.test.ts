import { expect, test, vi } from "vitest";
import { versionsOf } from "../scripts/versions.mjs";

test("without a release there is only the next version", () => {
  expect(versionsOf([])).toEqual([{ name: "next", folder: "" }]);
  expect(versionsOf(["@gen/math@1.0.0-beta.1", "v2", "models-1", ""])).toHaveLength(1);
});

test("each released minor has a folder, newest first, with its last patch", () => {
  const tags = [
    "@gen/math@0.2.0",
    "@gen/nn@0.2.0",
    "@gen/math@0.10.0",
    "@gen/math@0.2.10",
    "@gen/math@0.2.9",
    "v1.0.0",
  ];
  expect(versionsOf(tags)).toEqual([
    { name: "next", folder: "" },
    { name: "v1.0", folder: "v1.0/", tag: "v1.0.0" },
    { name: "v0.10", folder: "v0.10/", tag: "@gen/math@0.10.0" },
    { name: "v0.2", folder: "v0.2/", tag: "@gen/math@0.2.10" },
  ]);
});

test("a release's docs lie in a folder of the site, and addresses have a host if it is known", async () => {
  const load = async (env: Record<string, string>) => {
    vi.resetModules();
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const site = await import("../.vitepress/site.mts");
    vi.unstubAllEnvs();
    return [site.base, site.addressOf("/share/a.png")];
  };
  expect(await load({})).toEqual(["/", "/share/a.png"]);
  expect(await load({ GEN_DOCS_VERSION: "v1.2" })).toEqual(["/v1.2/", "/v1.2/share/a.png"]);
  expect(await load({ GEN_SITE_URL: "https://example.org/gen" })).toEqual([
    "/gen/",
    "https://example.org/gen/share/a.png",
  ]);
  expect(
    await load({ GEN_SITE_URL: "https://example.org/gen/", GEN_DOCS_VERSION: "v0.10" }),
  ).toEqual(["/gen/v0.10/", "https://example.org/gen/v0.10/share/a.png"]);
  await expect(load({ GEN_DOCS_VERSION: "1.2.3" })).rejects.toThrow("must be like v1.2");
});
