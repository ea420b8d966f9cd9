/** Starts as many workers as the message says, each after the end of the one before. */
globalThis.onmessage = async ({ data: count }: MessageEvent<number>) => {
  for (let i = 0; i < count; i++) {
    const worker = new Worker(new URL("./leaf.worker.ts", import.meta.url), { type: "module" });
    await new Promise((resolve) => {
      worker.onmessage = resolve;
    });
    worker.terminate();
  }
  postMessage("ended");
};
