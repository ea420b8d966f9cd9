const reduced = matchMedia("(prefers-reduced-motion: reduce)");

/** Scrolls an element into view if a part of it is outside. */
export function reveal(element: Element | null | undefined): void {
  element?.scrollIntoView({ block: "nearest", behavior: reduced.matches ? "auto" : "smooth" });
}
