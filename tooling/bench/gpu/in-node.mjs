// A process that measures one provider of onnxruntime-node: a crash of native code ends it alone.
// Its argument is the provider. It answers messages `[method, options]`.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { capabilities } from "@gen/runtime-gpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import * as ort from "onnxruntime-node";
import { bareSession } from "./bare-session.mjs";
import { subject } from "./subject.mjs";

const [provider, conformance] = process.argv.slice(2);
const name = `onnx/node-${provider}`;
const can = await capabilities(name);
const { cases } = await import(conformance);
const without = Object.keys(can.dtypes).filter((dtype) => can.dtypes[dtype] === "none");

/** The bytes that all programs use on the first GPU of NVIDIA; undefined without its driver. */
async function usedBytes() {
  const query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits"];
  const { stdout } = await promisify(execFile)("nvidia-smi", query).catch(() => ({ stdout: "" }));
  const mebibytes = Number.parseInt(stdout, 10);
  return Number.isNaN(mebibytes) ? undefined : mebibytes * 2 ** 20;
}
const before = provider === "cuda" ? await usedBytes() : undefined;
const traffic = async () => ({ bytes: (await usedBytes()) - before });

const measured = subject({
  traffic: before === undefined ? undefined : traffic,
  cases,
  limits: { tolerance: 1e-4, without },
  open: () => onnxBackend({ provider }),
  bare: (graph) => bareSession({ ort, graph, executionProviders: [provider] }),
});
const methods = {
  ...measured,
  async describe() {
    const { available, reason, adapter } = can;
    if (!available) return { available, reason };
    // Only opening shows whether the library is there and starts.
    try {
      await (await onnxBackend({ provider })).close();
      return { available, adapter };
    } catch (error) {
      return { available: false, reason: error.message };
    }
  },
};
process.on("message", async ([method, options]) => {
  try {
    process.send({ value: await methods[method](options) });
  } catch (error) {
    process.send({ error: error.message });
  }
});
process.on("disconnect", () => process.exit());
