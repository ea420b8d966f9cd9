/** Keeps the page for later visits without a network, where the browser and its host allow it. */
export async function keepOffline(): Promise<void> {
  if (!import.meta.env.PROD) return;
  try {
    await navigator.serviceWorker.register("./sw.js");
  } catch {
    // A page in a sandbox, or under a policy without workers, runs as well with a network.
  }
}
