import type { JsonValue } from "@gen/math/json";

/** Writes JSON as diffusers saves it: indented by two, non-finite numbers by name. */
export function formatPythonJson(value: JsonValue, indent = ""): string {
  const inner = `${indent}  `;
  const list = (open: string, items: string[], close: string) =>
    items.length === 0
      ? open + close
      : `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;
  if (Array.isArray(value)) {
    const items = value.map((item) => formatPythonJson(item, inner));
    return list("[", items, "]");
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    const items = entries.map(
      ([name, item]) => `${JSON.stringify(name)}: ${formatPythonJson(item, inner)}`,
    );
    return list("{", items, "}");
  }
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}
