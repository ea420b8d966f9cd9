import { useEffect, useRef } from "react";
import { openModel } from "./open-model.js";
import { plot } from "./plot.js";
import { useSampler } from "./use-sampler.js";

export function App() {
  const { isReady, isRunning, progress, x, error, run, stop } = useSampler(openModel);
  const canvas = useRef(null);
  useEffect(() => {
    if (x) plot(canvas.current, x);
  }, [x]);

  return (
    <main>
      <button type="button" disabled={!isReady} onClick={() => run({ count: 1000, steps: 20 })}>
        Sample
      </button>
      <button type="button" disabled={!isRunning} onClick={stop}>
        Stop
      </button>
      <progress value={progress} />
      <canvas ref={canvas} width="300" height="300" />
      <output>{error?.message ?? (x ? `${x.length / 2} points` : "")}</output>
    </main>
  );
}
