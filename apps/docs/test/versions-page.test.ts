import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const pages = ["", "zh/"].map((language) => read(`apps/docs/${language}guide/versions.md`));

it("all published packages share one version, as the page says", () => {
  const { fixed } = JSON.parse(read(".changeset/config.json"));
  const published = readdirSync(join(root, "packages"))
    .map((name) => JSON.parse(read(`packages/${name}/package.json`)))
    .filter((manifest) => !manifest.private);
  expect([...fixed[0]].sort()).toEqual(published.map(({ name }) => name).sort());
  expect(new Set(published.map(({ version }) => version)).size).toBe(1);
  for (const { engines } of published) expect(engines.node).toBe(">=20.19");
});

it("before 1.0 a changeset is a patch or minor", () => {
  const files = readdirSync(join(root, ".changeset")).filter((name) => name.endsWith(".md"));
  const kinds = files.flatMap((name) =>
    [...read(`.changeset/${name}`).matchAll(/^"@gen\/[\w-]+": (\w+)$/gm)].map(([, kind]) => kind),
  );
  const { version } = JSON.parse(read("packages/math/package.json"));
  if (version.startsWith("0.")) expect(kinds).not.toContain("major");
  expect(kinds.length + version.length).toBeGreaterThan(0);
});

it("the page says which names are deprecated", () => {
  const folders = readdirSync(join(root, "packages")).map((name) => `packages/${name}/src`);
  const sources = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => read(join(folder, path))),
  );
  expect(sources.length).toBeGreaterThan(100);
  const deprecated = sources.some((text) => /@deprecated\b/.test(text));
  for (const page of pages)
    expect(/no deprecated name|没有弃用的名称/.test(page)).toBe(!deprecated);
});
