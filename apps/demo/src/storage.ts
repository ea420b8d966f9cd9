/*
 * Settings that survive a reload. A page in a sandbox has no storage: nothing is then kept, and
 * nothing fails.
 */

const prefix = "gen.";

/** The stored value of a setting. Undefined if there is none or it is no JSON. */
export function readSetting(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(prefix + name) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** The stored values of a page's settings, by name. Empty if there are none. */
export function readSettings(name: string): Readonly<Record<string, unknown>> {
  const kept = readSetting(name);
  return typeof kept === "object" && kept !== null ? (kept as Record<string, unknown>) : {};
}

/** Stores a value as JSON. Returns whether the browser kept it. */
export function keepSetting(name: string, value: unknown): boolean {
  try {
    localStorage.setItem(prefix + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
