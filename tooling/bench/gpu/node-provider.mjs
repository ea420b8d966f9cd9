// Starts the process of one provider of onnxruntime-node.
import { fork } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

let bundled;
/** The conformance suite as a module that Node can load. Its packages are found from its folder. */
function conformance() {
  bundled ??= (async () => {
    const outfile = here("../node_modules/.cache/gen/conformance.mjs");
    await mkdir(here("../node_modules/.cache/gen"), { recursive: true });
    await build({
      ...{ outfile, bundle: true, format: "esm", platform: "node", packages: "external" },
      stdin: {
        contents:
          'export { conformance as cases } from "../../packages/runtime-gpu/test/conformance.ts";',
        resolveDir: here(".."),
      },
    });
    return pathToFileURL(outfile).href;
  })();
  return bundled;
}

/** `request(method, options)` of the provider's process, and `stop()`. */
export async function startProvider(provider) {
  const child = fork(here("in-node.mjs"), [provider, await conformance()], {
    // NVIDIA's libraries would otherwise round the factors of products to 10 bits.
    env: { ...process.env, NVIDIA_TF32_OVERRIDE: "0" },
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors = (errors + text).slice(-2000);
  });
  const ended = new Promise((_, reject) => {
    child.once("exit", (code, signal) => {
      const error = errors.split("\n").find((line) => line.includes("Error")) ?? "";
      reject(new Error(`its process ended with ${signal ?? `code ${code}`}; ${error}`));
    });
  });
  ended.catch(() => {});
  const answer = () =>
    new Promise((resolve, reject) => {
      child.once("message", ({ value, error }) =>
        error === undefined ? resolve(value) : reject(new Error(error)),
      );
    });
  return {
    request(method, options) {
      const answered = answer();
      child.send([method, options], () => {});
      return Promise.race([answered, ended]);
    },
    stop: () => child.kill("SIGKILL"),
  };
}
