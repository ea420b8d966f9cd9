export const en = {
  description:
    "Type a word. 1,200 random points find their way to it, by the exact denoiser and then by a small diffusion model that learns in this page.",
  language: "Language",
  pages: "Pages",
  book: "Book",
  themes: { light: "Switch to the dark theme", dark: "Switch to the light theme" },
  unknownPage: (id: string) => `There is no page “${id}” here. This is the first page.`,
  skip: "Skip to content",
  footer:
    "Everything runs in this page, on your machine. Nothing is uploaded. Your picture and your last model stay in this browser.",
  oneThread:
    "This page's host does not let it share memory, so large models run on one thread during this visit. From the next visit on they use all.",
  failed: (reason: string) => `This part of the page could not start: ${reason}`,
  reload: "Reload",
  detail: "The program's own words",
  limits: {
    backend: (what: string) =>
      `${what} did not start. Perhaps one of its files is blocked by an extension, a filter or the network. Choose another backend, or reload the page.`,
    workers:
      "This page may not start workers, so it computes in its own thread. It can stutter while it trains. Everything else works.",
    wasm: "This page may not run WebAssembly. TensorFlow.js works without it, but more slowly.",
    offline: (what: string) =>
      `The network is gone, and ${what} has not been downloaded yet. The data, the drawing and the samples are kept. Reconnect and try again.`,
  },
  seconds: (s: number) =>
    s < 1 ? `${Math.round(s * 1000)} ms` : s < 10 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`,
  minutes: (minutes: number, seconds: number) => `${minutes} min ${seconds} s`,
  rooms: {
    postcard: { name: "Postcard", title: "Say something in noise." },
    learn: { name: "Learn", title: "From noise to points" },
    compare: { name: "DDPM | DDIM", title: "What does fresh noise buy?" },
    steer: { name: "Steer", title: "Who pulls the points?" },
    latent: { name: "Latent", title: "What does a VAE know?" },
    images: { name: "Images", title: "And pictures?" },
    model: { name: "Your model", title: "Does it work with mine?" },
    race: { name: "Race", title: "Does the machine matter?" },
  },
  greeting: "hello",
  drawPad: {
    label: "Drawing area. Drag to draw, or move with the arrow keys and press space to add points.",
    hint: "Draw here",
  },
  backend: { runsOn: "runs on", ranOn: "ran on" },
  takeAway: {
    title: "Take it with you",
    code: "The code",
    copy: "copy the code",
    copied: "The code is copied.",
    notCopied: "This browser did not copy the code. Select it and copy it by hand.",
    saved: (name: string) => `Saved as ${name}.`,
    points: "points (CSV)",
    onnx: "model (ONNX)",
    safetensors: "model (safetensors)",
    folder: "model (folder)",
  },
  river: {
    plot: "The x of every path over log SNR. DDIM's paths glide, DDPM's wander.",
    scrubber: "Moment of the paths",
  },
};

export type Strings = typeof en;
