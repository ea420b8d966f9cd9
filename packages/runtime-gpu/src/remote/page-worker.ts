import type { Library } from "./programs.ts";

// The packages compile without the DOM's types.
interface PageWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(
    type: "message" | "error",
    listener: (event: { data: unknown; message?: string }) => void,
  ): void;
  terminate(): void;
}

/** The page's class `Worker`. */
export type PageWorkerClass = new (url: URL, options: { type: "module" }) => PageWorker;

/** A library that a worker or a process can serve, and how a page starts its worker. */
export interface Served {
  readonly library: Library;
  /**
   * Bundlers look for the expression `new Worker(new URL(...))`, and make a file for each. Every
   * library has its own in a file of its own, so a bundle of one library does not have the others.
   */
  startInPage(): PageWorker;
}
