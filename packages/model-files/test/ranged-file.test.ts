import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type FileServer, noise, serveFiles } from "../../../tooling/fixtures/file-server.ts";
import type { FileStore } from "../src/file-store.ts";
import { modelFiles } from "../src/index.ts";

let server: FileServer;
beforeAll(async () => {
  server = await serveFiles();
});
beforeEach(() => server.reset());
afterAll(() => server.close());

const bytes = noise(100_000);
const used = (name: string) => async () => {
  throw new Error(`${name} of the store is used`);
};
/** A store that nothing may be read from or written to. */
const store: FileStore = {
  sizes: used("sizes"),
  read: used("read"),
  write: used("write"),
  remove: used("remove"),
};
const warnings: string[] = [];
const files = modelFiles({ store, onWarning: (message) => warnings.push(message) });
const folder = () => files.folder(`${server.url}/m`);
afterEach(() => expect(warnings).toEqual([]));

it("requests the size and the parts that are read, and stores nothing", async () => {
  server.files.set("/m/unet/model.onnx", { bytes });
  const file = await folder().parts("unet/model.onnx");
  expect(file?.size).toBe(100_000);
  expect(await file?.read(50_000, 300)).toEqual(bytes.slice(50_000, 50_300));
  expect(await file?.read(99_999, 1)).toEqual(bytes.slice(99_999));
  expect(await file?.read(5, 0)).toEqual(new Uint8Array());
  expect(server.asked.map(({ method, headers, sent }) => [method, headers.range, sent])).toEqual([
    ["HEAD", undefined, 0],
    ["GET", "bytes=50000-50299", 300],
    ["GET", "bytes=99999-99999", 1],
  ]);
});

it("finds no file where the server has none, and refuses a path out of the folder", async () => {
  expect(await folder().parts("unet/model.onnx")).toBeUndefined();
  await expect(folder().parts("../key")).rejects.toThrow("path must be relative");
});

it("says that a server gives no parts, and does not read the whole file in their place", async () => {
  server.files.set("/m/model.onnx", { bytes, whole: true });
  await expect(folder().parts("model.onnx")).rejects.toMatchObject({ code: "download-failed" });
  // A server that answers HEAD, and a range with the whole file.
  server.files.set("/m/model.onnx", { bytes });
  const file = await folder().parts("model.onnx");
  server.files.set("/m/model.onnx", { bytes: noise(100_000, 2), whole: true });
  await expect(file?.read(10, 5)).rejects.toThrow("gives no parts of the file");
});

it("refuses a part of another length than was asked for", async () => {
  server.files.set("/m/model.onnx", { bytes });
  const file = await folder().parts("model.onnx");
  server.files.set("/m/model.onnx", { bytes: bytes.subarray(0, 20) });
  await expect(file?.read(10, 50)).rejects.toThrow("sends 10 of 50 bytes");
});

it("stops at a signal", async () => {
  server.files.set("/m/model.onnx", { bytes, stallsAfter: 10 });
  const stop = new AbortController();
  const { signal } = stop;
  const file = await modelFiles({ store })
    .folder(`${server.url}/m`, { signal })
    .parts("model.onnx");
  const reading = file?.read(0, 50);
  stop.abort(new Error("enough"));
  await expect(reading).rejects.toThrow("enough");
});
