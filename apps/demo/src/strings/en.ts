const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

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
    compare: { name: "DDPM | DDIM", title: "What does fresh noise buy?" },
    steer: { name: "Steer", title: "Who pulls the points?" },
    latent: { name: "Latent", title: "What does a VAE know?" },
    images: { name: "Images", title: "And pictures?" },
    model: { name: "Your model", title: "Does it work with mine?" },
    race: { name: "Race", title: "Does the machine matter?" },
  },
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
  points: {
    name: "Learn",
    title: "From noise to points",
    intro:
      "Pick a cloud of points or draw your own. Train a small diffusion model on it in this page. Then watch DDPM and DDIM turn the same noise into data.",
    data: {
      title: "Data",
      choose: "Choose the points",
      toys: {
        moons: "Moons",
        swissRoll: "Swiss roll",
        checkerboard: "Checkers",
        rings: "Rings",
        pinwheel: "Pinwheel",
        mixture: "Mixture",
        digit: "Digit",
        postcard: "Postcard",
        drawn: "Draw",
      },
      plot: (name: string) => `Scatter plot of the data: ${name}`,
      pad: "Drawing area. Drag to draw, or move with the arrow keys and press space to add points.",
      drawHere: "Draw here",
      clear: "Clear",
      lost: "This browser does not keep the drawing for a reload.",
      drawn: (n: number) => plural(n, "point drawn", "points drawn"),
      drawMore: (n: number) => `Draw more: ${plural(n, "point", "points")} to go.`,
    },
    train: {
      title: "Train",
      backend: "Backend",
      absent: "not available here",
      software: "software, slow",
      steps: "Steps",
      train: "Train",
      stop: "Stop",
      resume: "Continue",
      again: "Start over",
      opening: "Starting the backend…",
      stopping: "Stopping…",
      waiting: "The loss appears here as the model learns.",
      loss: "Loss",
      lossPlot: "Training loss by step",
      step: (step: number, steps: number) => `${step} of ${steps}`,
      rate: (rate: number) => `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} steps/s`,
      left: (time: string) => `${time} left`,
      done: (step: number, time: string) => `${plural(step, "step", "steps")} in ${time}`,
      stopped: (step: number) =>
        `Stopped after ${plural(step, "step", "steps")}. The trained weights are kept.`,
      stale: "The data has changed. Train again to learn it.",
      restored: (step: number) => `Kept from your last visit: ${plural(step, "step", "steps")}.`,
      notKept: "This browser does not keep the model for a reload.",
      clamped: ({ low, high }: { low: number; high: number }, now: number) =>
        `Steps go from ${low} to ${high.toLocaleString("en")}. Set to ${now.toLocaleString("en")}.`,
      ranOn: "ran on",
      runsOn: "runs on",
      exactField: "the exact field",
      learnedField: "the network's field",
      samples: "its samples",
      fieldPlot: (step: number) =>
        `From each place, the way that a noisy point should go, and the way that the network would send it after ${plural(step, "step", "steps")}; 250 samples of the network`,
      progress: "Training progress",
      levels: {
        title: "Loss by log SNR, from almost clean to almost noise; the mark is the least possible",
        learned: "the network",
        least: "the exact denoiser, the least",
      },
    },
    sample: {
      title: "Sample",
      seed: "Seed",
      newSeed: "New seed",
      sample: "Sample",
      stop: "Stop",
      ddpmNote: "Fresh noise at every step",
      steps: "Steps",
      eta: "Eta",
      etaNote: (eta: number): string =>
        eta === 0 ? "no fresh noise" : eta === 1 ? "as much noise as DDPM" : "some fresh noise",
      first: "Train first. The samples appear here.",
      ready: "Ready to sample.",
      t: (t: number) => `t = ${t}`,
      distance: "Sliced W₂ to the data",
      stopped: (t: number) => `Stopped at t = ${t}. These points are on their way.`,
      stale: "The data has changed. These samples are of what the model learned before.",
      clamped: (most: number, now: number) =>
        `Seeds are whole numbers from 0 to ${most.toLocaleString("en")}. Set to ${now.toLocaleString("en")}.`,
      fresh: (verdict: "closer" | "same" | "farther", mean: string, spread: string) =>
        `${{ closer: "closer than", same: "as close as", farther: "farther than" }[verdict]} a fresh draw of the data itself: ${mean} ± ${spread}`,
      freshTitle: "What does the distance mean?",
      freshHelp:
        "It is the sliced Wasserstein distance of order 2 between the samples and the data, in standard deviations of the data. 0 is the same points; pure noise scores about 0.3. Lower is closer, but a fresh draw of the data itself does not reach 0 either: about its score, samples cannot be told from data.",
      plot: (method: string) => `Samples of ${method} in front of the data`,
      took: (steps: number, time: string) => `${plural(steps, "step", "steps")} in ${time}`,
    },
  },
};

export type Strings = typeof en;
