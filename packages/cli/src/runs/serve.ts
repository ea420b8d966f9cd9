import { basename } from "node:path";
import { openBackend } from "@gen/runtime-gpu/open";
import { type ServedModel, startServer } from "@gen/server";
import { errorLine, usageError } from "../errors.ts";
import { readBounded } from "../files.ts";
import { isVaeFolder } from "../latent-model.ts";
import { shownFolder } from "../model-folder.ts";
import { servedFolder } from "../served-folder.ts";
import { note, print } from "../terminal.ts";
import { queuedModel, refuseQueueFlags, type ServeQueueOptions } from "./serve-queue.ts";

export interface ServeOptions extends ServeQueueOptions {
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
  const { model, by, facts, close } = await openServed(folder, options);
  try {
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
    print(json, { url, model: name, route, ...facts }, [
      `${name} is served at ${url}${route} ${by}; ${url}/openapi.json describes it`,
    ]);
    await aborted(signal);
    await server.close();
    // To end a server is no failure.
    process.exitCode = 0;
  } finally {
    await close();
  }
}

/** What is served, and who computes it. */
interface Served {
  readonly model: ServedModel;
  /** Who computes it, in a sentence. */
  readonly by: string;
  readonly facts: { readonly backend: string; readonly queue?: string };
  close(): Promise<void>;
}

/** Opens the model here, or hands its work to the workers of a queue. */
async function openServed(
  folder: string,
  options: ServeOptions & { readonly signal: AbortSignal },
): Promise<Served> {
  const { queue, signal, exact } = options;
  if (queue !== undefined) {
    const queued = await queuedModel(folder, { ...options, queue });
    return {
      model: queued.model,
      by: `by the workers of queue ${queued.queue}`,
      facts: { backend: options.backend, queue: queued.queue },
      // Again, where no server began.
      close: () => queued.model.dispose(),
    };
  }
  refuseQueueFlags(options);
  const backend = await openBackend(options.backend, { isolate: true });
  try {
    const model = await servedFolder(folder, { backend, signal, exact });
    const { name } = backend;
    return { model, by: `on ${name}`, facts: { backend: name }, close: () => backend.close() };
  } catch (error) {
    await backend.close();
    throw error;
  }
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
