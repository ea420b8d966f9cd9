import { samplerNames } from "@gen/sampling";
import { expect, test } from "vitest";
import { noisySamplers, samplerHelp } from "../src/sample-input.ts";

test("each sampler has its line in the help, and three take eta", () => {
  expect(noisySamplers()).toEqual(["ddim", "euler-ancestral", "tcd"]);
  for (const name of samplerNames)
    expect(samplerHelp()).toMatch(new RegExp(`^  ${escaped(name)} +\\S`, "m"));

  function escaped(name: string): string {
    return name.replaceAll("+", "\\+");
  }
});
