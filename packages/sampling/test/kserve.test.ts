import { linearSchedule } from "@gen/schedules";
import { afterEach, describe, expect, it } from "vitest";
import { type Asked, inferenceServer } from "../../../tooling/fixtures/inference-server.ts";
import { ddimSteps, sample } from "../src/index.ts";
import { kserveDenoiser, kserveModel } from "../src/kserve.ts";

/** The network of the tests: half of x, and t in thousands. */
const network = (x: ArrayLike<number>, t: number) =>
  Float32Array.from(x, (value) => value / 2 + t / 1000);

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server of the network, whose height is open. */
async function serve(answer?: (asked: Asked) => boolean, isBinary = true) {
  const server = await inferenceServer({ item: [1, -1, 2], network, answer, isBinary });
  closing.push(server.close);
  return server;
}

const shape = [1, 2, 2];
const steps = ddimSteps(linearSchedule(), { steps: 4 });
const run = { steps, shape: [3, ...shape], seed: 2, clip: 1 };
const isInfer = ({ request }: Asked) => request.method === "POST";

it.each([
  [true, "application/octet-stream"],
  [false, "application/json"],
] as const)("a network there gives its samples here, binary tensors %s", async (isBinary, type) => {
  const { url, asked } = await serve(undefined, isBinary);
  const denoiser = await kserveDenoiser({ url: `${url}/`, model: "a b", shape });
  expect(denoiser.shape).toEqual(shape);
  const there = await sample({ ...run, denoiser });
  const here = await sample({ ...run, denoiser: (x, t) => network(Float32Array.from(x), t) });
  expect(there.x).toEqual(here.x);
  const paths = asked.map(({ request }) => request.url);
  expect(paths).toEqual(["/v2", "/v2/models/a%20b", ...Array(4).fill("/v2/models/a%20b/infer")]);
  expect(asked[2].request.headers["content-type"]).toBe(type);
});

describe("a server", () => {
  it("that is busy is asked again", async () => {
    let refusals = 0;
    const { url, asked } = await serve((one) => {
      if (!isInfer(one) || ++refusals > 2) return false;
      one.response.writeHead(503, { "retry-after": "0" }).end();
      return true;
    });
    await sample({ ...run, denoiser: await kserveDenoiser({ url, model: "m", shape }) });
    expect(asked.filter(isInfer)).toHaveLength(6);
  });

  it.each([
    ["refuses", "backend-failed", /answered 404: no such model/, 404, "no such model"],
    ["is none of the protocol", "invalid-data", /no server of this protocol/, 200, "<p>"],
    ["is busy for ever", "unreachable", /answered 503, 2 times/, 503, ""],
  ])("that %s is an error", async (_, code, message, status, text) => {
    const { url } = await serve(({ response }) => {
      response.writeHead(status, { "retry-after": "0" }).end(text);
      return true;
    });
    const error = await kserveModel({ url, model: "m", attempts: 2 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("that dies or says nothing is an error after its attempts", async () => {
    const silent = await serve(isInfer);
    const options = { model: "m", shape, attempts: 1, timeout: 100 };
    const slow = await kserveDenoiser({ ...options, url: silent.url });
    await expect(slow(new Float64Array(4), 1)).rejects.toThrow("no answer came within 0.1 s");
    const dead = await serve();
    const gone = await kserveDenoiser({ ...options, url: dead.url, attempts: 2 });
    dead.close();
    await expect(gone(new Float64Array(4), 1)).rejects.toMatchObject({ code: "unreachable" });
  });

  const output = { name: "y", shape: [4], datatype: "FP32" };
  it.each([
    ["is short", { outputs: [{ ...output, data: [1] }] }, "has 1 numbers"],
    ["has a foreign type", { outputs: [{ ...output, datatype: "BYTES" }] }, "float32"],
    ["has no outputs", { error: "no" }, "no outputs"],
    [
      "says more bytes than came",
      { outputs: [{ ...output, parameters: { binary_data_size: 16 } }] },
      "16 bytes",
    ],
  ])("whose answer %s is an error", async (_, answer, message) => {
    const { url } = await serve((one) => {
      if (isInfer(one)) one.response.end(JSON.stringify(answer));
      return isInfer(one);
    });
    const denoiser = await kserveDenoiser({ url, model: "m", shape });
    await expect(denoiser(new Float64Array(4), 1)).rejects.toThrow(message);
  });

  it("whose model leaves a size open needs it", async () => {
    const { url } = await serve();
    const ask = (given?: readonly (number | undefined)[]) =>
      kserveDenoiser({ url, model: "m", shape: given });
    await expect(ask()).rejects.toThrow("shape must be one sample's, [1, -1, 2]");
    await expect(ask([1, 2, 3])).rejects.toThrow("got [1, 2, 3]");
    expect((await ask([undefined, 5])).shape).toEqual([1, 5, 2]);
    await expect(kserveModel({ url: "file:///m", model: "m" })).rejects.toThrow("url must be");
  });
});
