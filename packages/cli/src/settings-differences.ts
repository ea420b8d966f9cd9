/** `trained with steps 100 (now 200)`: what differs between two settings, with both values. */
export function differences(before: object, now: object): string {
  const [old, given] = [flat(before), flat(now)];
  const differ = [...new Set([...old.keys(), ...given.keys()])]
    .filter((name) => old.get(name) !== given.get(name))
    .map((name) => `${name} ${old.get(name) ?? "unset"} (now ${given.get(name) ?? "unset"})`);
  return differ.length > 0 ? `trained with ${differ.join(", ")}` : "";
}

/** Settings by the names of their options, those of a VAE within. */
function flat(settings: object, prefix = ""): Map<string, string> {
  const found = Object.entries(settings).flatMap(([name, value]): [string, string][] => {
    const option = prefix + name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    if (value === null || value === undefined) return [];
    if (typeof value !== "object" || Array.isArray(value))
      return [[option, typeof value === "string" ? value : JSON.stringify(value)]];
    return [...flat(value, `${option}.`)];
  });
  return new Map(found);
}
