import { text } from "./language.ts";

/** A length of time in words. */
export function duration(seconds: number): string {
  if (seconds < 99.5) return text.value.seconds(seconds);
  const rounded = Math.round(seconds);
  return text.value.minutes(Math.floor(rounded / 60), rounded % 60);
}
