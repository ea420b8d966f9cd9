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
    learn: { name: "Learn", title: "From noise to points" },
    compare: { name: "DDPM | DDIM", title: "What does fresh noise buy?" },
    steer: { name: "Steer", title: "Who pulls the points?" },
    latent: { name: "Latent", title: "What does a VAE know?" },
    images: { name: "Images", title: "And pictures?" },
    model: { name: "Your model", title: "Does it work with mine?" },
    race: { name: "Race", title: "Does the machine matter?" },
  },
  drawPad: {
    label: "Drawing area. Drag to draw, or move with the arrow keys and press space to add points.",
    hint: "Draw here",
  },
  backend: { runsOn: "runs on", ranOn: "ran on" },
  takeAway: {
    title: "Take it with you",
    copy: "copy the code",
    copied: "The code is copied.",
    notCopied: "This browser did not copy the code. Select it and copy it by hand.",
    saved: (name: string) => `Saved as ${name}.`,
  },
  river: {
    plot: "The x of every path over log SNR. DDIM's paths glide, DDPM's wander.",
    scrubber: "Moment of the paths",
  },
  postcard: {
    name: "Postcard",
    title: "Say something in noise.",
    lead: (points: number) =>
      `Type or draw. These ${points.toLocaleString("en")} random points will find their way to it, here and in every browser that opens your link.`,
    greeting: "hello",
    word: "The word",
    placeholder: "your word",
    type: "type",
    draw: "draw instead",
    drawn: "show my drawing",
    toys: { moons: "moons", rings: "rings" },
    csv: "your CSV",
    newNoise: "new noise",
    badFile: (name: string) =>
      `${name} has no points: each line needs two numbers, x and y. Files may have up to 4 MB.`,
    copy: "Copy the link",
    play: "Play again",
    save: "Save",
    formats: { png: "PNG", svg: "SVG", film: "film", csv: "points" },
    copied: (characters: number) =>
      `Copied: ${characters.toLocaleString("en")} characters that hold the whole picture.`,
    notCopied: "This browser did not copy the link. Here it is:",
    saved: "Saved.",
    recording: "Recording: 4 seconds…",
    noFilm: (n: number) => `This browser records no film. Saved ${n} stills instead.`,
    damaged: "This link is damaged, or of a newer version. Here is another picture.",
    tracing: "Tracing the paths…",
    fact: (steps: number, time: string) =>
      `No network yet: the exact denoiser took ${steps} steps in ${time}.`,
    next: "Now let a network learn it →",
    caption:
      "Left: pure noise. Right: your picture. Blue glides (DDIM, η = 0), red wanders (DDPM, η = 1): same start, same seed. Drag to travel in time.",
    plot: (points: number, word: string, logSnr: number) =>
      `${points} points on their way from noise to ${word ? `the word “${word}”` : "the picture"}, at log SNR ${logSnr.toFixed(1)}`,
    numbers: "The points as numbers",
    numbersCaption: (shown: number, all: number) =>
      `The first ${shown} of ${all.toLocaleString("en")} points at this moment. “Save: points” has them all.`,
    point: "point",
    letters: {
      hint: "Point at a letter: it lights up in the picture and in the code.",
      x0: "x̂₀: where the denoiser believes each point belongs",
      eps: "ε: the noise that the denoiser sees in each point",
      eta: "σ: how much fresh noise a step adds. 0 in DDIM",
      z: "z: fresh noise, which makes DDPM wander",
    },
  },
};

export type Strings = typeof en;
