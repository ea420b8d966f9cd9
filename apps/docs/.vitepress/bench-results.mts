/** A row of a table of `bench/RESULTS.md`, with the conditions of its section. */
export interface BenchRow {
  readonly work: string;
  readonly ours: string;
  readonly peer: string;
  readonly ratio: string;
  /** Day, machine, system, Node and commit. */
  readonly machine: string;
  /** Whether the machine was busy, so that times are not to be trusted. */
  readonly busy: boolean;
}

/** The rows of all sections by title. */
export function benchRows(results: string): Map<string, BenchRow[]> {
  const sections = results.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [title] = section.split("\n", 1);
      const [, machine = ""] = /^- (\d{4}-\d\d-\d\d; .*)$/m.exec(section) ?? [];
      const busy = section.includes("the machine was busy");
      const lines = section.split("\n").filter((line) => line.startsWith("| "));
      const rows = lines.slice(2).map((line) => {
        const [work, ours, peer, ratio] = line
          .split("|")
          .slice(1)
          .map((cell) => cell.trim());
        return { work, ours, peer, ratio, machine, busy };
      });
      return [title, rows];
    }),
  );
}
