import { expect, test } from "vitest";
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
