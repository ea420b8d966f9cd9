/*
 * What every command has: --config and --print-config, the completion of shells, and the topics of
 * gen help.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it, test, vi } from "vitest";
import { completionScript } from "../src/completion.ts";
import { topicNames, topics, topicText } from "../src/help-topics.ts";
import { chineseTopics } from "../src/help-topics-zh.ts";
import { program } from "../src/program.ts";
import { repeatable } from "../src/run-config.ts";
import { chineseTopic, columnsOf } from "../src/speak-chinese.ts";
import { gen, scratch } from "./gen.ts";
import { expectRefused } from "./refused.ts";

const { at } = scratch();

const leaves = (command: Command, path = ""): { path: string; command: Command }[] =>
  command.commands.length === 0
    ? [{ path, command }]
    : command.commands.flatMap((child) => leaves(child, `${path} ${child.name()}`.trim()));

/** What a command line prints as its config. */
async function configOf(...args: string[]) {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const parsed = program().parseAsync([...args, "--print-config"], { from: "user" });
  await expect(parsed).rejects.toMatchObject({ exitCode: 0 });
  const printed = write.mock.calls.join("");
  write.mockRestore();
  return JSON.parse(printed);
}

const file = (name: string, value: unknown) => {
  writeFileSync(at(name), typeof value === "string" ? value : JSON.stringify(value));
  return at(name);
};

describe("a run as a file", () => {
  test("repeats the run bit for bit, and flags win over it", async () => {
    const flags = ["--data", "two-moons", "--width", "8", "--steps", "4", "--seed", "3"];
    const training = ["train", "ddpm", ...flags, "--rate-decay", "step:2:0.5"];
    const printed = await configOf(...training);
    const { version } = JSON.parse(
      readFileSync(new URL("../package.json", import.meta.url), "utf8"),
    );
    expect(printed).toMatchObject({
      gen: version,
      command: "train ddpm",
      options: { data: "two-moons", width: 8, steps: 4, seed: 3, ema: 0.999, classes: false },
    });
    expect(printed.options).toMatchObject({ "rate-decay": "step:2:0.5", "save-every": 20 });
    expect(printed.options.force).toBeUndefined();
    const config = ["--config", file("run.json", printed)];
    const state = (name: string) => readFileSync(at(name, "training/state.safetensors"));
    await Promise.all([
      gen([...training, "--out", at("flags")]),
      gen(["train", "ddpm", ...config, "--out", at("file")]),
      gen(["train", "ddpm", ...config, "--seed", "4", "--out", at("other")]),
    ]);
    expect(state("file").equals(state("flags"))).toBe(true);
    expect(state("other").equals(state("flags"))).toBe(false);
    const again = await configOf("train", "ddpm", ...config, "--steps", "5");
    expect(again.options).toEqual({ ...printed.options, steps: 5 });
  });

  test("keeps lists, switches, arguments and what was chosen", async () => {
    const args = ["generate", "a fox", "an owl", "--lora", "a:0.5", "--lora", "b", "--weighted"];
    const printed = await configOf(...args, "--size", "64x48", "--seed", "0");
    expect(printed.arguments).toEqual(["a fox", "an owl"]);
    expect(printed.options).toMatchObject({ lora: ["a:0.5", "b"], weighted: true, size: "64x48" });
    expect(printed.given).toContain("seed");
    const config = ["--config", file("fox.json", printed)];
    expect(await configOf("generate", ...config)).toEqual(printed);
    expect((await configOf("generate", "a cat", ...config)).arguments).toEqual(["a cat"]);
    const clip = await configOf("sample", "--no-clip");
    expect(clip.options["no-clip"]).toBe(true);
    expect(await configOf("sample", "--config", file("clip.json", clip))).toEqual(clip);
    const inspected = file("inspect.json", { arguments: [at("none")], options: { batch: 2 } });
    await expectRefused(["inspect", "--config", inspected], /none: no such file or folder/);
    const bare = file("bare.json", { options: { batch: 2 } });
    await expectRefused(["inspect", "--config", bare], /missing required argument 'path'/);
    // A default stays a default: --torch-seed takes the place of --seed.
    const torch = await configOf("sample", "--model", at("none"), "--torch-seed", "1");
    const seeded = ["sample", "--config", file("torch.json", torch)];
    await expectRefused(seeded, /none must be a folder/);
  });

  test("is refused in one line where it is wrong", async () => {
    const cases: [unknown, RegExp][] = [
      ["{", /must be a JSON object with options/],
      [{ steps: 3 }, /must be a JSON object with options/],
      [{ options: {}, colour: 1 }, /must have no "colour"; allowed are gen command arguments/],
      [
        { options: { colour: "red" } },
        /train ddpm has no option "colour"; allowed are data .* json/,
      ],
      [
        { options: { steps: "ten" } },
        /steps "ten" is invalid\. It must be a whole number in \[1, /,
      ],
      [{ options: { steps: "10" } }, /steps must be a number, got "10"/],
      [{ options: { steps: 0 } }, /steps "0" is invalid\. It must be a whole number in \[1, /],
      [{ options: { steps: [3] } }, /steps must be a text or a number, got \[3\]/],
      [{ options: { steps: null } }, /steps must be a text or a number, got null/],
      [{ options: { classes: "yes" } }, /classes must be true or false, got "yes"/],
      [{ options: { schedule: "round" } }, /schedule "round" is invalid\. Allowed choices are/],
      [{ options: { force: true } }, /force must be given on the command line/],
      [{ options: {}, command: "sample" }, /is for gen sample, got it with gen train ddpm/],
      [{ options: {}, arguments: ["x"] }, /arguments must have at most 0, got 1/],
      [{ options: {}, given: "seed" }, /given must be as --print-config prints it/],
    ];
    for (const [i, [value, message]] of cases.entries()) {
      const args = ["train", "ddpm", "--config", file(`wrong-${i}.json`, value)];
      await expectRefused(args, message);
    }
    await expectRefused(["train", "ddpm", "--config", at("no.json")], /no\.json: no such file/);
  });
});

test("a flag whose help says that it may be repeated is one whose file holds a list", () => {
  for (const { path, command } of leaves(program())) {
    for (const { long, description, parseArg } of command.options)
      if (description.includes("repeat it"))
        expect(repeatable.has(parseArg), `${path} ${long}`).toBe(true);
  }
});

/** What bash proposes at the end of a line, whose last word is begun. */
function completed(script: string, line: string): string[] {
  const words = line.split(" ").map((word) => `'${word}'`);
  const source = `source '${script}'
COMP_WORDS=(${words.join(" ")}) COMP_CWORD=${words.length - 1}
_gen
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const run = execFileSync("bash", ["--norc", "-c", source], { cwd: at(), encoding: "utf8" });
  return run.split("\n").filter((word) => word !== "");
}

describe.skipIf(process.platform === "win32")("gen completion", () => {
  const script = at("gen.bash");

  test("proposes commands, options, values and files in bash", async () => {
    const { stdout } = await gen(["completion", "bash"]);
    writeFileSync(script, stdout);
    mkdirSync(at("here"));
    writeFileSync(at("here", "two words.png"), "");
    const names = program().commands.map((command) => command.name());
    expect(completed(script, "gen ").sort()).toEqual(names.sort());
    expect(completed(script, "gen trai")).toEqual(["train"]);
    expect(completed(script, "gen train ").sort()).toEqual(["classifier", "ddpm", "vae"]);
    expect(completed(script, "gen sample --sam")).toEqual(["--sampler"]);
    expect(completed(script, "gen sample --sampler euler")).toEqual(["euler", "euler-ancestral"]);
    expect(completed(script, "gen sample --sampler = heu")).toEqual(["heun"]);
    expect(completed(script, "gen train ddpm --data fash")).toEqual(["fashion-mnist"]);
    expect(completed(script, "gen train vae --steps ")).toEqual([]);
    expect(completed(script, "gen inspect here/t")).toEqual(["here/two words.png"]);
    expect(completed(script, "gen sample --model her")).toEqual(["here"]);
    expect(completed(script, "gen completion f")).toEqual(["fish"]);
    for (const { path, command } of leaves(program())) {
      const flags = [...command.options.map(({ long }) => long), "--help"];
      expect(completed(script, `gen ${path} --`).sort(), path).toEqual(flags.sort());
    }
  });

  test("has every command and option in each shell, and refuses others", async () => {
    const all = leaves(program());
    for (const shell of ["zsh", "fish"] as const) {
      const text = completionScript(shell, program());
      for (const { path, command } of all) {
        expect(text).toContain(`/${path.replace(" ", "/")}`);
        for (const { long } of command.options) expect(text).toContain(`${long?.slice(2)}`);
      }
    }
    await expectRefused(["completion", "csh"], /Allowed choices are bash, zsh, fish/);
  });
});

describe("the topics of gen help", () => {
  const english = topics();
  const kept = (text: string) =>
    [
      ...new Set(
        text.match(/--[a-z-]+|\b\d+(?:\.\d+)?\b|[\w/]+\.(?:onnx|json|npy|png)|\bgen [a-z]+/g),
      ),
    ].sort();

  it.each(topicNames)("%s is in both languages, in lines that fit a terminal", (name) => {
    const [text, chinese] = [topicText(english[name]), chineseTopic(name)];
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
    for (const line of chinese.split("\n")) expect(columnsOf(line), line).toBeLessThanOrEqual(100);
    expect(kept(chineseTopics[name].text)).toEqual(kept(english[name].text));
    expect(chineseTopics[name].title).toMatch(/\p{Script=Han}/u);
    const flags = leaves(program()).flatMap(({ command }) =>
      command.options.map(({ long }) => long),
    );
    for (const flag of text.match(/--[a-z-]+/g) ?? []) expect(flags).toContain(flag);
  });

  test("are printed, and so is the help of commands", async () => {
    const [topic, zh, own, sub, root] = await Promise.all([
      gen(["help", "seeds"]),
      gen(["help", "samplers", "--lang", "zh"]),
      gen(["help", "sample"]),
      gen(["help", "train", "vae"]),
      gen(["help"]),
    ]);
    expect(topic.stdout).toBe(`${topicText(english.seeds)}\n`);
    expect(zh.stdout).toMatch(/采样器决定.*\n {2}ddim +Song/s);
    expect(own.stdout).toBe((await gen(["sample", "--help"])).stdout);
    expect(sub.stdout).toMatch(/^Usage: gen train vae/);
    expect(root.stdout).toMatch(/Topics of gen help: seeds, samplers/);
    expect([topic, zh, own, sub, root].map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    await expectRefused(
      ["help", "weather"],
      /no such command or topic; topics are seeds, samplers/,
    );
  });
});
