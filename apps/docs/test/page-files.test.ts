import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { fencesOf } from "../scripts/fences.mjs";
import { filesOf } from "./page-files.ts";

const docs = dirname(import.meta.dirname);
const pages = ["servers", "many-workers", "bundlers", "publish", "versions"];
const migrations = ["migrate-diffusers", "migrate-diffusers-js", "migrate-tfjs", "migrate-pythae"];

/** Fences that no other test compares. */
const languages = ["html", "js", "json", "txt", "sh", "md", "python", "yaml", "ini", "dockerfile"];

it.each([...pages, ...migrations])("guide/%s.md shows the same code in Chinese", (name) => {
  const codes = (language: string) => {
    const text = readFileSync(join(docs, language, "guide", `${name}.md`), "utf8");
    return languages.flatMap((kind) => fencesOf(text, kind).map(({ code }) => withoutWords(code)));
  };
  expect(codes("zh")).toEqual(codes(""));
});

/** Code without its comments, but for the names of files. */
const withoutWords = (code: string) =>
  code.replaceAll(/^\s*\/\/ (?![\w.-]+$).*\n|(?<=[;,]) \/\/ .*$/gm, "");

it("reads the files that a page shows by their names", () => {
  expect([...filesOf("guide/servers.md").keys()]).toEqual([
    "index.html",
    "main.js",
    "worker.js",
    "train.js",
  ]);
});
