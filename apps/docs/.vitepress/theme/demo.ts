import { withBase } from "vitepress";

/** The address of a room of the demo, in the page's language. The demo lies beside the book. */
export function demoAddress(room: string, lang: string): string {
  const demo: string = import.meta.env.VITE_DEMO_URL ?? withBase("/demo/");
  return `${demo}?lang=${lang.startsWith("zh") ? "zh" : "en"}#/${room}`;
}
