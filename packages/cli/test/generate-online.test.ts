import { readFileSync } from "node:fs";
import { trace } from "@gen/graph";
import { loadModel } from "@gen/pipeline";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { openBackend } from "@gen/runtime-gpu/open";
import { afterAll, expect, test } from "vitest";
import { etagOf, type Served, serveFiles } from "../../../tooling/fixtures/file-server.ts";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { loadFrom } from "../src/model-folder.ts";
import { gen, runJson, scratch } from "./gen.ts";

const { at } = scratch();
process.env.XDG_CACHE_HOME = at("cache");
const server = await serveFiles();
afterAll(() => server.close());

/** Puts a folder on the server, and gives its URL. */
async function serve(name: string): Promise<string> {
  const { paths, read } = modelFolder(name);
  for (const path of paths) {
    const bytes = (await read(path)) as Uint8Array;
    server.files.set(`/${name}/${path}`, { bytes, etag: etagOf(bytes) });
  }
  return `${server.url}/${name}`;
}

const sd1 = await serve("sd1");
const given = "--steps 2 --seed 3 --json --out".split(" ");
const online = ["generate", "a red fox", "--model", sd1, ...given];

test("a model at a URL is loaded part by part, from where a stopped download ended", async () => {
  const unet = server.files.get("/sd1/unet/model.onnx") as Served;
  unet.stallsAfter = 655_360;
  // The bytes that arrived before Ctrl-C are kept.
  let isSent = false;
  const stopped = await gen([...online, at("stopped.png")], {
    onStderr(text, child) {
      if (isSent || !/downloading unet/.test(text)) return;
      isSent = true;
      setTimeout(() => child.kill("SIGINT"), 2000);
    },
  });
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toMatch(
    /^downloading unet\/model\.onnx {2}\d+%.* {2}[\d.]+ [kM]?B of 1\.7 MB$/m,
  );
  expect(stopped.stderr).toMatch(/the downloaded bytes are kept, and the same command continues/);
  unet.stallsAfter = undefined;
  server.asked.length = 0;

  const { code, stderr } = await gen([...online, at("online.png")]);
  expect(code, stderr).toBe(0);
  const local = modelFolder("sd1").write(at("sd1"));
  await runJson("generate", "a red fox", "--model", local, ...given, at("local.png"));
  const pixels = (path: string) => readFileSync(path).subarray(-1000);
  expect(pixels(at("online.png"))).toEqual(pixels(at("local.png")));
  const asked = (path: string) => server.asked.filter((one) => one.path === `/sd1/${path}`);
  const [resumed, ...again] = asked("unet/model.onnx");
  expect([resumed.status, again]).toEqual([206, []]);
  expect(Number(/\d+/.exec(String(resumed.headers.range)))).toBeGreaterThan(0);
  // Neither what this call does not need, nor a model twice.
  expect(asked("vae_encoder/model.onnx")).toEqual([]);
  for (const part of ["vae_decoder", "text_encoder"]) {
    expect(asked(`${part}/model.onnx`), part).toHaveLength(1);
  }
});

test("a large model at a URL goes to ONNX Runtime as it is, with the files beside it", async () => {
  const url = await serve("sd1-external");
  const path = "text_encoder/model.onnx";
  const ids = { data: BigInt64Array.from({ length: 77 }, (_, i) => BigInt(i)), shape: [1, 77] };
  const input = { ...ids, dtype: "int64" as const };
  const backend = await openBackend("onnx", { isolate: true });
  const states = async (wholeAbove?: number) => {
    const model = await loadFrom(url, { backend: "onnx" }, (read, options) =>
      loadModel(read, path, { ...options, ...(wholeAbove !== undefined && { wholeAbove }) }),
    );
    expect(model?.parameters.length === 0).toBe(wholeAbove === 0);
    const graph = trace(
      ({ x }) => ({ y: model?.apply({ input_ids: x }).last_hidden_state as never }),
      {
        x: { shape: [1, 77], dtype: "int64" },
      },
    );
    const program = await backend.compile(graph);
    const { y } = await callProgram(backend, program, { x: input });
    await program.dispose();
    return Array.from(y);
  };
  try {
    const [whole, graph] = [await states(0), await states()];
    expect(whole).toHaveLength(77 * 32);
    expect(Math.max(...whole.map((v, i) => Math.abs(v - graph[i])))).toBeLessThan(1e-4);
  } finally {
    await backend.close();
  }
});
