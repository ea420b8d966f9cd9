import { Command } from "commander";
import { usageError } from "../errors.ts";
import { type TopicName, topicNames } from "../help-topics.ts";

/** `gen help`: the help of a command, or a topic. */
export function helpCommand(): Command {
  return new Command("help")
    .description("print the help of a command, or a topic that belongs to several")
    .argument("[topic...]", `a command, such as train vae, or ${topicNames.join(", ")}`)
    .addHelpText(
      "after",
      `
Examples:
  gen help train ddpm
  gen help seeds
  gen help config --lang zh`,
    )
    .action(run);
}

async function run(words: readonly string[], _: object, own: Command): Promise<void> {
  const root = own.parent as Command;
  const isChinese = root.opts().lang === "zh";
  const [topic] = words;
  let command = root;
  for (const word of words) {
    const child = command.commands.find((each) => each.name() === word);
    if (!child) break;
    command = child;
  }
  if (command !== root || words.length === 0) return command.help();
  const { topics, topicText } = await import("../help-topics.ts");
  const isTopic = (name: string): name is TopicName => Object.hasOwn(topics(), name);
  if (words.length > 1 || !isTopic(topic))
    throw usageError(
      `gen help ${words.join(" ")}: no such command or topic; topics are ${topicNames.join(", ")}`,
    );
  const english = topicText(topics()[topic]);
  const text = isChinese ? (await import("../speak-chinese.ts")).chineseTopic(topic) : english;
  process.stdout.write(`${text}\n`);
}
