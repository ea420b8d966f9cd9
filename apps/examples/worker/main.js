import { plot } from "./plot.js";

const [bar, canvas, output] = document.querySelectorAll("progress, canvas, output");
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

worker.onmessage = ({ data: { progress, points, ended } }) => {
  if (progress !== undefined) bar.value = progress;
  if (points) plot(canvas, points);
  if (ended) output.textContent = ended;
};
document.querySelector("#start").onclick = () => worker.postMessage({ count: 1000 });
document.querySelector("#stop").onclick = () => worker.postMessage("stop");
