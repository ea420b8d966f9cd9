import { defaultEta, samplerNames } from "@gen/sampling";
import { expect, test } from "vitest";
import * as cli from "../src/samplers.ts";

test("each sampler has its line in the help, and three take eta", () => {
  expect(cli.samplerNames).toEqual(samplerNames);
  expect(cli.noisySamplers).toEqual(["ddim", "euler-ancestral", "tcd"]);
  expect(cli.noisySamplers).toEqual(samplerNames.filter((name) => defaultEta(name) !== undefined));
  for (const name of samplerNames)
    expect(cli.samplerHelp()).toMatch(new RegExp(`^  ${escaped(name)} +\\S`, "m"));

  function escaped(name: string): string {
    return name.replaceAll("+", "\\+");
  }
});
