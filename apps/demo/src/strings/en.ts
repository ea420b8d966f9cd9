const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

export const en = {
  brand: "gen",
  language: "Language",
  pages: "Pages",
  skip: "Skip to content",
  footer:
    "Everything runs in this page, on your machine. Nothing is uploaded. Closing the page deletes all of it.",
  failed: (reason: string) => `This part of the page could not start: ${reason}`,
  reload: "Reload",
  limits: {
    workers:
      "This page may not start workers, so it computes in its own thread. It can stutter while it trains. Everything else works.",
    wasm: "This page may not run WebAssembly. TensorFlow.js works without it, but more slowly.",
    offline: (what: string) =>
      `The network is gone, and ${what} has not been downloaded yet. The data, the drawing and the samples are kept. Reconnect and try again.`,
  },
  seconds: (s: number) =>
    s < 1 ? `${Math.round(s * 1000)} ms` : s < 10 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`,
  minutes: (minutes: number, seconds: number) => `${minutes} min ${seconds} s`,
  points: {
    name: "Points",
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
        drawn: "Draw",
      },
      plot: (name: string) => `Scatter plot of the data: ${name}`,
      pad: "Drawing area. Drag to draw, or move with the arrow keys and press space to add points.",
      drawHere: "Draw here",
      clear: "Clear",
      drawn: (n: number) => plural(n, "point drawn", "points drawn"),
      drawMore: (n: number) => `Draw more: ${plural(n, "point", "points")} to go.`,
    },
    train: {
      title: "Train",
      backend: "Backend",
      absent: "not available here",
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
      ranOn: "ran on",
      progress: "Training progress",
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
      fresh: (value: string) => `new data: ${value}`,
      freshHelp:
        "Sliced Wasserstein distance of order 2 between the samples and the data, in standard deviations of the data. Lower is closer. A new draw of the data does not reach 0 either.",
      plot: (method: string) => `Samples of ${method} in front of the data`,
      took: (steps: number, time: string) => `${plural(steps, "step", "steps")} in ${time}`,
    },
  },
};

export type Strings = typeof en;
