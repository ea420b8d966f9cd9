import { Command } from "commander";
import { errorLine } from "../errors.ts";
import { backendNames, openBackend } from "../open-backend.ts";
import { print } from "../print.ts";

interface Found {
  readonly backend: string;
  readonly available: boolean;
  /** The name of what ran, or why nothing can. */
  readonly detail: string;
}

/** `gen backends`. */
export function backendsCommand(): Command {
  return new Command("backends")
    .description("list the backends, and why those that cannot run here cannot")
    .option("--json", "print the result as JSON on stdout", false)
    .action(async ({ json }: { json: boolean }) => {
      const found: Found[] = [];
      for (const name of backendNames.filter((n) => n.includes("/") || n === "cpu"))
        found.push(await tryBackend(name));
      const width = Math.max(...found.map(({ backend }) => backend.length));
      print(
        json,
        found,
        found.map(
          ({ backend, available, detail }) =>
            `${available ? "yes" : "no "}  ${backend.padEnd(width)}  ${detail}`,
        ),
      );
    });
}

async function tryBackend(name: string): Promise<Found> {
  try {
    const backend = await openBackend(name);
    const detail = `runs as ${backend.name}`;
    await backend.close();
    return { backend: name, available: true, detail };
  } catch (error) {
    return { backend: name, available: false, detail: errorLine(error) };
  }
}
