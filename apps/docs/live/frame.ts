/*
 * The script of `frame.html`: starts the worker of one example and passes its messages on. The
 * worker may stand still or flood its frame. The frame stays free, and ends it.
 */
import type { AssetReply, Job } from "./job.ts";
import { type Message, outputMeter, readMessage } from "./messages.ts";

/** The most messages, valid or not. */
const MOST_MESSAGES = 5000;

type FromPage = (Job & { readonly worker: string }) | AssetReply;

let worker: Worker | undefined;
const tell = (message: Message | { readonly kind: "ready" }) => parent.postMessage(message, "*");

function start({ worker: text, ...job }: Job & { readonly worker: string }): void {
  const source = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  // Chromium starts no module worker from a blob here. A classic one can import modules too.
  const own = new Worker(source);
  worker = own;
  const meter = outputMeter();
  let messages = 0;
  own.addEventListener("message", ({ data }) => {
    const message = readMessage(data);
    messages++;
    if (messages > MOST_MESSAGES || (message && !meter.takes(message))) {
      if (message?.kind === "drawing" && messages <= MOST_MESSAGES) return;
      own.terminate();
      tell({ kind: "end", reason: "flood" });
    } else if (message) {
      tell(message);
    }
  });
  own.addEventListener("error", ({ message }) => {
    tell({ kind: "error", text: message || "The worker did not start." });
    tell({ kind: "end", reason: "done" });
  });
  own.postMessage(job);
}

// Without a sandbox this address would run code as the site. It then does nothing.
if (self.origin === "null" && parent !== self) {
  addEventListener("message", ({ source, data }: MessageEvent<FromPage>) => {
    if (source !== parent) return;
    if (data.kind === "asset") worker?.postMessage(data);
    else if (!worker) start(data);
  });
  tell({ kind: "ready" });
}
