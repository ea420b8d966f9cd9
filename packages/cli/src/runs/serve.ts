import { basename } from "node:path";
import { describeFolder, openImageModel } from "@gen/pipeline";
import type { Backend } from "@gen/runtime-gpu";
import { openBackend } from "@gen/runtime-gpu/open";
import { pictureModel, sampleModel, startServer } from "@gen/server";
import { errorLine, usageError } from "../errors.ts";
import { readBounded } from "../files.ts";
import { isVaeFolder } from "../latent-model.ts";
import { loadFrom, readModelFolder, shownFolder } from "../model-folder.ts";
import { unscale } from "../scaling.ts";
import { note, print } from "../terminal.ts";

export interface ServeOptions {
  readonly model?: string;
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  readonly tokenFile?: string;
  readonly anyone: boolean;
  readonly origin?: readonly string[];
  readonly maxCount: number;
  readonly maxSteps: number;
  readonly maxSize: number;
  readonly maxQueue: number;
  readonly batch: number;
  readonly exact?: number;
  readonly backend: string;
  readonly json: boolean;
}

/** Runs `gen serve` until the signal aborts. */
export async function runServe(
  options: ServeOptions & { readonly model: string; readonly signal: AbortSignal },
): Promise<void> {
  const { model: folder, host, port, origin, signal, json } = options;
  const token = await tokenOf(options);
  if (token === undefined && !options.anyone && !isLocal(host)) {
    throw usageError(
      `--host ${host} is reached by others: give clients a token by --token-file, or pass --anyone`,
    );
  }
  if (await isVaeFolder(folder, signal))
    throw usageError("--model must be a diffusion model, got a VAE; gen sample draws of it");
  const backend = await openBackend(options.backend, { isolate: true });
  try {
    const model = await openModel(folder, { backend, signal, exact: options.exact });
    const name = options.name ?? basename(shownFolder(folder).replace(/[/?]+(\.\.\.)?$/, ""));
    const server = await startServer({
      model,
      name,
      host,
      port,
      token,
      origins: origin,
      limits: {
        count: options.maxCount,
        steps: options.maxSteps,
        size: options.maxSize,
        queue: options.maxQueue,
        batch: options.batch,
      },
      onError: (error, id) => note(`request ${id}: ${errorLine(error)}`),
    });
    const { url } = server;
    const route = model.prompts ? "/v1/images/generations" : "/v1/samples";
    print(json, { url, model: name, route, backend: backend.name }, [
      `${name} is served at ${url}${route} on ${backend.name}; ${url}/openapi.json describes it`,
    ]);
    await aborted(signal);
    await server.close();
    // To end a server is no failure.
    process.exitCode = 0;
  } finally {
    await backend.close();
  }
}

/** A folder's model: of prompts where it encodes text. */
async function openModel(
  folder: string,
  {
    backend,
    signal,
    exact,
  }: { readonly backend: Backend; readonly signal: AbortSignal; readonly exact?: number },
) {
  const { kind } = await loadFrom(folder, { signal }, (files) => describeFolder(files));
  if (kind === "text to image" || kind === "latent consistency") {
    const reading = { signal, backend: backend.name };
    return pictureModel(
      await loadFrom(folder, reading, (files, more) => openImageModel(files, { ...more, backend })),
      { exact },
    );
  }
  const pipeline = await readModelFolder(folder, { signal, backend: backend.name });
  const { scaling } = pipeline;
  return sampleModel(pipeline, {
    backend,
    exact,
    ...(scaling && { convert: (x: Float32Array) => unscale(x, scaling) }),
  });
}

/** The token of the file, or of the environment, so that no list of processes shows it. */
async function tokenOf({ tokenFile }: ServeOptions): Promise<string | undefined> {
  const { GEN_SERVER_TOKEN: given } = process.env;
  if (tokenFile === undefined) return given || undefined;
  const bytes = await readBounded(tokenFile, 4096);
  const token = bytes && new TextDecoder().decode(bytes).trim();
  if (token) return token;
  throw usageError(`--token-file ${tokenFile} must be a file with a token in it`);
}

const isLocal = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host);

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
