// Functions that run in pages of the demo. Playwright passes their source, so each is complete.

/**
 * Before the page's own scripts: keeps the first moment at which the postcard's playhead, and so
 * its points, has moved, the largest paint, the layout shift, and the tasks above 50 ms.
 */
export function watchPage() {
  const seen = { motion: 0, paint: 0, shift: 0, tasks: [] };
  globalThis.seen = seen;
  const observe = (type, add) =>
    new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({
      type,
      buffered: true,
    });
  observe("largest-contentful-paint", ({ startTime }) => {
    seen.paint = startTime;
  });
  observe("layout-shift", ({ value, hadRecentInput }) => {
    if (!hadRecentInput) seen.shift += value;
  });
  observe("longtask", ({ startTime, duration }) => seen.tasks.push({ startTime, duration }));
  const look = () => {
    const at = document.querySelector(".playhead")?.style.getPropertyValue("--at");
    if (Number(at) > 0) seen.motion = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** The animation frames of the next `milliseconds`, as frames a second. */
export function framesASecond(milliseconds) {
  return new Promise((resolve) => {
    const start = performance.now();
    let frames = 0;
    const count = (now) => {
      frames++;
      if (now - start < milliseconds) requestAnimationFrame(count);
      else resolve((1000 * frames) / (now - start));
    };
    requestAnimationFrame(count);
  });
}

/** Moves the cross of the latent plane at each frame of the next `milliseconds`, by its keys. */
export function moveCross(milliseconds) {
  const plane = document.querySelector(".plane");
  const end = performance.now() + milliseconds;
  const step = (now) => {
    const key = now % 1000 < 500 ? "ArrowRight" : "ArrowLeft";
    plane.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    if (now < end) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

/** The compressed bytes of the page's scripts so far. */
export function scriptBytes() {
  return performance
    .getEntriesByType("resource")
    .filter(({ name }) => /\.m?js$/.test(new URL(name).pathname))
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
}

/** The compressed bytes of the page and of all that it has loaded. */
export function loadedBytes() {
  return ["navigation", "resource"]
    .flatMap((type) => performance.getEntriesByType(type))
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
}

/** The bytes of the page and its workers. */
export async function memoryBytes() {
  return (await performance.measureUserAgentSpecificMemory()).bytes;
}

/** The longest time between two pictures of a model that learns, until the training has ended. */
export function longestPreviewGap() {
  return new Promise((resolve) => {
    const stage = document.querySelector(".field-stage canvas");
    const busy = () =>
      document.querySelector(".train .buttons button")?.textContent.includes("Stop");
    let last = performance.now();
    let longest = 0;
    let label = stage.ariaLabel;
    const look = () => {
      const now = performance.now();
      if (stage.ariaLabel !== label) {
        longest = Math.max(longest, now - last);
        last = now;
        label = stage.ariaLabel;
      }
      if (busy()) setTimeout(look, 20);
      else resolve(Math.max(longest, now - last));
    };
    look();
  });
}
