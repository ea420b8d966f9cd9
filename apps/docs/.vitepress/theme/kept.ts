/*
 * Settings that demo and book share, under the demo's names. A page in a sandbox has no storage:
 * nothing is then kept, and nothing fails.
 */

/** Keeps a setting as the demo does. */
export function keep(name: "theme" | "language", value: string): void {
  try {
    localStorage.setItem(`gen.${name}`, JSON.stringify(value));
  } catch {
    // Nothing is kept.
  }
}
