import { checkArguments, refused, rules } from "@gen/math/arguments";

/** The values of an option that is on or off. */
export const ON_OR_OFF = [true, false] as const;

/**
 * Checks that each option has one of its allowed values or is left out, so that a typo is not taken
 * for another value.
 *
 * @throws RangeError naming the option, the allowed values and its value.
 */
export function checkOptions(
  options: object,
  allowed: Readonly<Record<string, readonly unknown[]>>,
): void {
  checkArguments({ options }, { options: rules.OBJECT });
  for (const [name, values] of Object.entries(allowed)) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined || values.includes(value)) continue;
    const others = values.length > 1 ? values.slice(0, -1).join(", ") : values[0];
    const last = values.length > 1 ? values[values.length - 1] : "left out";
    throw refused(name, `${others} or ${last}`, value);
  }
}
