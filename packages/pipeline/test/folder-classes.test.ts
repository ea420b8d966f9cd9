import { expect, test } from "vitest";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { folderClasses } from "../src/folder-classes.ts";
import { loadPipeline } from "../src/index.ts";
import { MAX_CLASSES } from "../src/limits.ts";

test("DiT's classes are named by the index, and each other name is a number", () => {
  const index = { id2label: { 0: "tench, Tinca tinca", 2: 7, toString: "x" } };
  const classes = folderClasses(index, { num_embeds_ada_norm: 3 });
  expect(classes).toEqual({ count: 3, names: ["tench, Tinca tinca", "1", "2"] });
});

test.each([
  [{ num_embeds_ada_norm: MAX_CLASSES }, MAX_CLASSES, true],
  [{ num_embeds_ada_norm: MAX_CLASSES + 1 }, MAX_CLASSES + 1, false],
  [{ num_class_embeds: 1e9 }, 1e9, false],
  [{ num_class_embeds: 2.5 }, undefined, false],
  [{ num_embeds_ada_norm: null, num_class_embeds: 4 }, 4, false],
  [{}, undefined, false],
])("%j has %s classes, with names: %s", (config, count, hasNames) => {
  const found = folderClasses({}, config);
  expect([found.count, found.names?.length]).toEqual([count, hasNames ? count : undefined]);
});

test("a loaded pipeline has them", async () => {
  const dit = await loadPipeline(modelFolder("dit").read);
  expect([dit.denoiser.classes, dit.classes?.length]).toEqual([1000, 1000]);
  const unet = await loadPipeline(modelFolder("ddpm-classes").read);
  expect([unet.denoiser.classes, unet.classes]).toEqual([11, undefined]);
});
