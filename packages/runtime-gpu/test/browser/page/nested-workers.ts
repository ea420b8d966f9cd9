/** A worker starts `count` workers, as ONNX Runtime starts its threads, while the page is busy. */
export function nestedWorkers(count: number): Promise<void> {
  const worker = new Worker(new URL("./nesting.worker.ts", import.meta.url), { type: "module" });
  worker.postMessage(count);
  const busy = setInterval(() => {
    const end = performance.now() + 40;
    while (performance.now() < end);
  }, 1);
  return new Promise((resolve) => {
    worker.onmessage = () => {
      clearInterval(busy);
      worker.terminate();
      resolve();
    };
  });
}
