import { relative } from "node:path";

/** Prints a result on stdout: as JSON, or as lines for people. */
export function print(json: boolean, result: unknown, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : `${lines.join("\n")}\n`);
}

/** How this command was started, for the commands that it proposes. */
export function invocation(): string {
  const [, script = ""] = process.argv;
  if (script.includes("node_modules")) return "npx @gen/cli";
  if (!script.endsWith("gen.js")) return "gen";
  return `node ${relative(process.cwd(), script)}`;
}
