/*
 * ONNX Runtime's execution providers: which package carries each, and how to get it.
 *
 *   onnxBackend({ provider: "cuda" })
 */
import { resolveHere } from "../in-node.ts";

/** The providers that only onnxruntime-node has. */
const native = ["cuda", "dml", "coreml"] as const;
export const providers = ["cpu", "wasm", "webgpu", ...native, "webnn"] as const;

/** An execution provider of ONNX Runtime. */
export type Provider = (typeof providers)[number];

export const isNative = (provider: Provider | undefined): boolean =>
  native.some((each) => each === provider);

interface Source {
  /** The platforms of Node, alone or with an architecture, whose package carries the provider. */
  readonly platforms: readonly string[];
  readonly where: string;
  /** What the machine must have. */
  readonly needs: string;
}

/** The table of the README of onnxruntime-node 1.30. */
const sources: { readonly [P in Provider]?: Source } = {
  webgpu: {
    platforms: ["win32", "darwin", "linux x64"],
    where: "Windows, macOS and Linux x64",
    needs: "it needs a GPU's driver for Direct3D 12, Metal or Vulkan",
  },
  cuda: {
    platforms: ["linux x64"],
    where: "Linux x64",
    needs:
      "it needs NVIDIA's driver, CUDA 12 and cuDNN 9, with their libraries on the loader's path",
  },
  dml: {
    platforms: ["win32"],
    where: "Windows",
    needs: "it needs a GPU's driver for Direct3D 12",
  },
  coreml: { platforms: ["darwin"], where: "macOS", needs: "it needs macOS 10.15 or newer" },
};

/** What the machine must have for a provider of onnxruntime-node; undefined for the CPU. */
export const providerNeeds = (provider: Provider): string | undefined => sources[provider]?.needs;

/** Why onnxruntime-node cannot have a provider on this machine; undefined if it can. */
export function missingProvider(provider: Provider): string | undefined {
  const { platforms, where } = sources[provider] ?? { platforms: [process.platform] };
  const here = `${process.platform} ${process.arch}`;
  if (!platforms.some((each) => each === process.platform || each === here)) {
    return `onnxruntime-node has the provider ${provider} for ${where} alone, and this is ${here}`;
  }
  if (provider !== "cuda") return undefined;
  if (!nvidiaDriver()) return `no NVIDIA driver is loaded; ${providerNeeds(provider)}`;
  const files = cudaFiles();
  // Without the package, opening says how to install it.
  if (!files || files.some((name) => name.includes("providers_cuda"))) return undefined;
  return "onnxruntime-node is installed without its CUDA files; run: node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install";
}

/** Whether Linux has NVIDIA's driver; WSL has it behind its own device. */
export function nvidiaDriver(): boolean {
  const { existsSync } = process.getBuiltinModule("node:fs");
  return existsSync("/proc/driver/nvidia") || existsSync("/dev/dxg");
}

/** The files beside the native module for Linux x64; undefined where the package is not installed. */
function cudaFiles(): string[] | undefined {
  const { readdirSync } = process.getBuiltinModule("node:fs");
  const { dirname, join } = process.getBuiltinModule("node:path");
  try {
    const main = resolveHere("onnxruntime-node");
    const bin = join(dirname(main), "../bin");
    return readdirSync(bin, { encoding: "utf8", recursive: true });
  } catch {
    return undefined;
  }
}
