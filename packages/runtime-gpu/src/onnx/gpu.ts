import { GenError } from "@gen/math";
import { unavailable } from "../errors.ts";

// The part of WebGPU's interface that is used here; the packages compile without the DOM's types.
export interface GpuBuffer {
  readonly size: number;
  mapAsync(mode: number): Promise<undefined>;
  getMappedRange(): ArrayBuffer;
  destroy(): undefined;
}
export interface GpuPipeline {
  getBindGroupLayout(group: number): object;
}
interface GpuPass {
  setPipeline(pipeline: GpuPipeline): void;
  setBindGroup(group: number, bindings: object): void;
  dispatchWorkgroups(x: number): void;
  end(): void;
}
export interface GpuDevice {
  createBuffer(descriptor: { size: number; usage: number }): GpuBuffer;
  createShaderModule(descriptor: { code: string }): object;
  createComputePipelineAsync(descriptor: object): Promise<GpuPipeline>;
  createBindGroup(descriptor: object): object;
  createCommandEncoder(): {
    beginComputePass(): GpuPass;
    copyBufferToBuffer(from: GpuBuffer, at: number, to: GpuBuffer, toAt: number, n: number): void;
    finish(): unknown;
  };
  readonly queue: {
    writeBuffer(buffer: GpuBuffer, at: number, data: ArrayBufferView): undefined;
    submit(commands: unknown[]): undefined;
  };
  readonly limits: Readonly<Record<string, number>>;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  destroy(): undefined;
}
export interface Adapter {
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  readonly info?: Readonly<Record<string, unknown>>;
  requestDevice(descriptor: object): Promise<GpuDevice>;
}
interface Gpu {
  requestAdapter(options: { powerPreference: string }): Promise<Adapter | null>;
}

/** The limits that decide whether a model fits; backends request all that the adapter allows. */
export const gpuLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
];
const features = ["shader-f16", "subgroups"];

/** The page's fastest GPU. @throws GenError `backend-unavailable` when the page has none. */
export async function requestAdapter(): Promise<Adapter> {
  const { gpu } = (globalThis as { navigator?: { gpu?: Gpu } }).navigator ?? {};
  if (!gpu) throw unavailable("WebGPU is not there: this page has no navigator.gpu");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw unavailable("WebGPU is not there: the browser found no adapter");
  return adapter;
}

/** The page's GPU with all that its adapter allows. Throws as {@link requestAdapter}. */
export async function requestGpu(): Promise<GpuDevice> {
  const adapter = await requestAdapter();
  return adapter.requestDevice({
    requiredFeatures: features.filter((f) => adapter.features.has(f)),
    requiredLimits: Object.fromEntries(gpuLimits.map((name) => [name, adapter.limits[name]])),
  });
}

/** Settles with the reason when `device` is gone. */
export const lossOf = ({ lost }: Pick<GpuDevice, "lost">): Promise<string> =>
  lost.then(({ reason, message }) => message.trim() || reason);

const usage = { mapRead: 1, copySource: 4, copyTarget: 8, storage: 128 } as const;

/**
 * A buffer for `length` bytes, padded to a whole number of 16-byte words.
 * @throws GenError `backend-failed` when the GPU has no buffer of so many bytes.
 */
export function emptyBuffer(device: GpuDevice, length: number): GpuBuffer {
  const size = Math.max(16, Math.ceil(length / 16) * 16);
  const most = device.limits.maxBufferSize;
  if (size > most) {
    const message = `a tensor needs ${length} bytes, and a buffer of this GPU holds ${most}`;
    throw new GenError("backend-failed", message);
  }
  return device.createBuffer({
    size,
    usage: usage.storage | usage.copySource | usage.copyTarget,
  });
}

/** A buffer that holds a copy of `data`. */
export function bufferOf(device: GpuDevice, data: ArrayBufferView): GpuBuffer {
  const buffer = emptyBuffer(device, data.byteLength);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const wholeWords = data.byteLength % 4 === 0;
  const padded = wholeWords ? bytes : new Uint8Array(buffer.size);
  if (!wholeWords) padded.set(bytes);
  device.queue.writeBuffer(buffer, 0, padded);
  return buffer;
}

/** Bytes from the beginning of one buffer to the beginning of another. */
export interface BufferCopy {
  readonly from: GpuBuffer;
  readonly to: GpuBuffer;
  readonly length: number;
}

export function copyBuffers(device: GpuDevice, copies: readonly BufferCopy[]): void {
  const encoder = device.createCommandEncoder();
  for (const { from, to, length } of copies) encoder.copyBufferToBuffer(from, 0, to, 0, length);
  device.queue.submit([encoder.finish()]);
}

/** The first `length` bytes of a buffer. */
export async function readBuffer(
  device: GpuDevice,
  buffer: GpuBuffer,
  length: number,
): Promise<ArrayBuffer> {
  const size = Math.max(4, Math.ceil(length / 4) * 4);
  const copy = device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
  copyBuffers(device, [{ from: buffer, to: copy, length: size }]);
  await copy.mapAsync(1);
  const bytes = copy.getMappedRange().slice(0, length);
  copy.destroy();
  return bytes;
}
