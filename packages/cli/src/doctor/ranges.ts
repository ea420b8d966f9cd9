/** Whether a version is in a range of package.json of the form `^1.2.3` or `>=1.2.3`. */
export function inRange(version: string, range: string): boolean {
  const [kind, least = ""] = range.split(/(?<=[\^=])/);
  const [have, want] = [numbers(version), numbers(least)];
  if (kind === "^" && have[0] !== want[0]) return false;
  const differs = have.findIndex((part, i) => part !== want[i]);
  return differs < 0 || have[differs] > want[differs];
}

const numbers = (version: string): number[] => {
  const [, ...parts] = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version) ?? [];
  return [0, 1, 2].map((i) => Number(parts[i] ?? 0));
};
