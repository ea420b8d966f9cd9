import { defaultEta, samplerNames } from "@gen/sampling";
import { expect, test } from "vitest";
import { program } from "../src/index.ts";
import * as cli from "../src/samplers.ts";

test("the help of --eta has the command's own default of tcd", () => {
  const helpOf = (name: string) =>
    program()
      .commands.find((command) => command.name() === name)
      ?.options.find(({ long }) => long === "--eta")?.description;
  expect(helpOf("sample")).toMatch(/default: 0 for ddim, 1 for euler-ancestral, 0\.3 for tcd\)$/);
  // TCDScheduler.step's eta in diffusers is 0.3, its pipelines' own 0.
  expect(helpOf("generate")).toMatch(/default: 0 for ddim, 1 for euler-ancestral, 0 for tcd\)$/);
});

test("each sampler has its line in the help, and three take eta", () => {
  expect(cli.samplerNames).toEqual(samplerNames);
  const noisy = samplerNames.filter((name) => defaultEta(name) !== undefined);
  expect(cli.etaDefaults).toEqual(
    Object.fromEntries(noisy.map((name) => [name, defaultEta(name)])),
  );
  for (const name of samplerNames)
    expect(cli.samplerHelp()).toMatch(new RegExp(`^  ${escaped(name)} +\\S`, "m"));

  function escaped(name: string): string {
    return name.replaceAll("+", "\\+");
  }
});
