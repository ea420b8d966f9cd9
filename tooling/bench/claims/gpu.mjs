import { measureBackend, reasonOf, withLimit } from "../gpu/measure-backend.mjs";
import { startProvider } from "../gpu/node-provider.mjs";
import { gpuRows, targets } from "../gpu/rows.mjs";
import { withPages } from "../pages.mjs";

// The whole claim takes at most 8 minutes, of which the rest is for starts.
const LIMIT = 7 * 60_000;
const START_LIMIT = 60_000;
const software = process.env.GEN_BENCH_SOFTWARE_GPU === "1";

export const title = "Real GPUs: conformance, and a UNet's steps beside a bare session";
export const versions = ["onnxruntime-web", "onnxruntime-node", "@tensorflow/tfjs"];
/** What a software adapter gives is printed, and not written into the results. */
export const recorded = !software;

const onLinux = process.platform === "linux";
// Headless Chromium looks for a GPU on Linux only with these.
const flags = [
  "--enable-unsafe-webgpu",
  `--enable-features=WebMachineLearningNeuralNetwork${onLinux ? ",Vulkan" : ""}`,
  ...(onLinux ? ["--use-angle=vulkan", "--disable-vulkan-surface"] : []),
];

const inPage = ["onnx/webgpu", "tfjs/webgpu", "onnx/webnn"];
const inNode = ["cuda", "webgpu", "dml", "coreml"];

export async function measure({ quick }) {
  const end = performance.now() + LIMIT;
  let pageIsReal = false;
  /** The rows of a backend; `start()` gives what measures it, and whether its GPU is real. */
  const rowsOf = async (name, start) => {
    try {
      const { request, stop, isReal } = await withLimit(start(), START_LIMIT);
      const limits = { isReal, small: quick || !isReal, end, software };
      const found = await measureBackend(request, limits);
      await stop();
      return gpuRows(name, found);
    } catch (error) {
      return gpuRows(name, reasonOf(error));
    }
  };
  const rows = await withPages(
    { title: `${inPage.join(", ")} in a page`, target: targets.all, flags },
    async ({ open }) => {
      const found = [];
      for (const name of inPage) {
        const start = async () => {
          const { request, close } = await open("gpu");
          const { adapter } = await request("describe", "onnx/webgpu");
          pageIsReal = adapter?.software === false;
          const ask = (method, options) => request(method, name, options);
          return { request: ask, stop: close, isReal: pageIsReal };
        };
        found.push(...(await rowsOf(name, start)));
      }
      return found;
    },
  );
  for (const provider of inNode) {
    const start = async () => ({
      ...(await startProvider(provider)),
      // CUDA needs a GPU. The others also compute on software adapters, which only a page names.
      isReal: provider === "cuda" || (pageIsReal && !namesSoftwareDriver()),
    });
    rows.push(...(await rowsOf(`onnx/node-${provider}`, start)));
  }
  return rows;
}

/** Whether the environment names a software driver of Vulkan. */
const namesSoftwareDriver = () =>
  /swiftshader|lvp|lavapipe/i.test(
    `${process.env.VK_DRIVER_FILES} ${process.env.VK_ICD_FILENAMES}`,
  );
