import { nextTick, watch } from "vue";

/** What may be wider than a page, and then scrolls by itself. */
const wide = ".vp-doc :is(.katex-display, table, .language-text code)";
/** The longest time in ms that parts are measured at once: a part far below is laid out for it. */
const AT_ONCE = 8;

/**
 * Lets the keyboard scroll each formula and table that is wider than its place, on each page and at
 * each size. Returns a function that ends this.
 */
export function focusWideParts(path: () => string): () => void {
  let pause = 0;
  /** Measures the parts from `next` on, with pauses in which the page can do its own work. */
  const measure = (parts: readonly HTMLElement[], next = 0) => {
    const started = performance.now();
    let at = next;
    while (at < parts.length && performance.now() - started < AT_ONCE) {
      const part = parts[at++];
      if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    }
    if (at < parts.length) pause = window.setTimeout(measure, 0, parts, at);
  };
  /** Begins anew, once the changes of this moment are done. */
  const update = () => {
    clearTimeout(pause);
    pause = window.setTimeout(() => measure([...document.querySelectorAll<HTMLElement>(wide)]), 50);
  };
  // The height of the page changes as it is read, the places of the parts do not.
  let width = 0;
  const sizes = new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width === width) return;
    width = contentRect.width;
    update();
  });
  sizes.observe(document.body);
  // The fonts of formulas change their widths.
  document.fonts.addEventListener("loadingdone", update);
  const end = watch(path, () => void nextTick(update), { flush: "post" });
  return () => {
    sizes.disconnect();
    clearTimeout(pause);
    document.fonts.removeEventListener("loadingdone", update);
    end();
  };
}
