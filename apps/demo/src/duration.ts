import { text } from "./language.ts";

/** A length of time in words, as precise as it needs to be. */
export function duration(seconds: number): string {
  if (seconds < 99.5) return text.value.seconds(seconds);
  const whole = Math.round(seconds);
  return text.value.minutes(Math.floor(whole / 60), whole % 60);
}
