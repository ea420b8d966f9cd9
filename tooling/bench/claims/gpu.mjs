import { startProvider } from "../gpu/node-provider.mjs";
import { gpuRows, softwareReason, targets } from "../gpu/rows.mjs";
import { withPages } from "../pages.mjs";

// The whole claim takes at most 8 minutes, of which the rest is for starts.
const LIMIT = 7 * 60_000;
const PART_LIMIT = 100_000;
const software = process.env.GEN_BENCH_SOFTWARE_GPU === "1";

export const title = "Real GPUs: conformance, and a UNet's steps beside a bare session";
export const versions = ["onnxruntime-web", "onnxruntime-node", "@tensorflow/tfjs"];
/** What a software adapter gives is printed, and not written into the results. */
export const recorded = !software;

// Headless Chromium looks for a GPU on Linux only with these.
const flags = [
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan,WebMachineLearningNeuralNetwork",
  ...(process.platform === "linux" ? ["--use-angle=vulkan", "--disable-vulkan-surface"] : []),
];

const inPage = ["onnx/webgpu", "tfjs/webgpu", "onnx/webnn"];
const inNode = ["cuda", "webgpu", "dml", "coreml"];

export async function measure({ quick }) {
  const end = performance.now() + LIMIT;
  let pageIsReal = false;
  const rowsOf = async (name, subject, isReal) => {
    try {
      return gpuRows(name, await measureSubject(subject, { isReal, quick, end }));
    } finally {
      await subject.stop();
    }
  };
  const rows = await withPages(
    { title: `${inPage.join(", ")} in a page`, target: targets.all, flags },
    async ({ open }) => {
      const found = [];
      for (const name of inPage) {
        const { request, close } = await open("gpu");
        const { adapter } = await request("describe", "onnx/webgpu");
        pageIsReal = adapter?.software === false;
        const ask = (method, options) => request(method, name, options);
        const rows = await rowsOf(name, { request: ask, stop: close }, pageIsReal);
        found.push(...rows);
      }
      return found;
    },
  );
  for (const provider of inNode) {
    // CUDA needs a GPU. The others also compute on software adapters, which only a page names.
    const isReal = provider === "cuda" || (pageIsReal && !namesSoftwareDriver());
    rows.push(...(await rowsOf(`onnx/node-${provider}`, await startProvider(provider), isReal)));
  }
  return rows;
}

/** Whether the environment names a software driver of Vulkan. */
const namesSoftwareDriver = () =>
  /swiftshader|lvp|lavapipe/i.test(
    `${process.env.VK_DRIVER_FILES} ${process.env.VK_ICD_FILENAMES}`,
  );

/** What is found out about one backend, for {@link gpuRows}. */
async function measureSubject({ request }, { isReal, quick, end }) {
  const limited = (work) => withLimit(work, Math.min(PART_LIMIT, end - performance.now()));
  const failed = ({ message }) => ({ reason: message.split("\n")[0] });
  const about = await limited(request("describe")).catch(failed);
  if (!about.available) return { reason: about.reason };
  const found = { adapter: about.adapter, isReal };
  if (!isReal && !software) return { ...found, reason: softwareReason(found) };
  let late = false;
  for (const method of ["conformance", "step", "training"]) {
    found[method] = late
      ? { reason: "what came before it took too long" }
      : await limited(request(method, { small: quick || !isReal })).catch((error) => {
          // The page or process is still at work on it.
          late = error instanceof TooLate;
          return failed(error);
        });
  }
  return found;
}

class TooLate extends Error {}

/** `work`, or an error after so many milliseconds. */
async function withLimit(work, milliseconds) {
  let timer;
  const late = new Promise((_, reject) => {
    const limit = Math.max(0, milliseconds);
    const error = new TooLate(`it took more than ${(limit / 1000).toFixed(0)} s`);
    timer = setTimeout(() => reject(error), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
