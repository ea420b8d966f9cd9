import { nextTick, watch } from "vue";

/** What may be wider than a page, and then scrolls by itself. */
const wide = ".vp-doc :is(.katex-display, table, .language-text code)";

/**
 * Lets the keyboard scroll each formula and table that is wider than its place, on each page and at
 * each size. Returns a function that ends this.
 */
export function focusWideParts(path: () => string): () => void {
  const update = () => {
    for (const part of document.querySelectorAll<HTMLElement>(wide)) {
      if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    }
  };
  // A scrollbar that comes or goes in the same frame would be an error of the observer in WebKit.
  let frame = 0;
  const sizes = new ResizeObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(update);
  });
  sizes.observe(document.body);
  // The fonts of formulas change their widths.
  document.fonts.addEventListener("loadingdone", update);
  const end = watch(path, () => void nextTick(update), { flush: "post" });
  return () => {
    sizes.disconnect();
    cancelAnimationFrame(frame);
    document.fonts.removeEventListener("loadingdone", update);
    end();
  };
}
