/*
 * What workers compute of `gen serve --queue`: the requests of a run, by the model that the server
 * would open itself. So the samples are those of a server without a queue.
 *
 * The model stays open for the next run. It is closed before a job of another kind.
 */
import type { OpenKind } from "@gen/jobs";
import { errorCode } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { DrawRequest, ServedModel } from "@gen/server";
import { errorLine, usageError } from "../errors.ts";
import { pathAt } from "../job-paths.ts";
import type { LazyBackend } from "../lazy-backend.ts";
import { servedFolder } from "../served-folder.ts";

/** What a job of requests keeps as its options. */
export interface ServeJob {
  readonly model: string;
  readonly exact?: number;
  /** Those of one run. */
  readonly requests: readonly DrawRequest[];
}

/** What is said of the samples, or what is wrong with the requests. */
export interface ServeFacts {
  readonly steps?: number;
  readonly error?: { readonly code: "usage" | "not-finite"; readonly message: string };
}

/** The kind "serve", and what closes its model. */
export function serveKind(backend: LazyBackend, signal: AbortSignal) {
  let kept: { key: string; on: Backend; model: ServedModel } | undefined;

  async function free(): Promise<void> {
    const old = kept;
    kept = undefined;
    await old?.model.dispose().catch(() => undefined);
  }

  const open: OpenKind = async ({ options, count }, at) => {
    const { model: path, requests, exact } = options as ServeJob;
    if (requests.reduce((sum, request) => sum + request.count, 0) !== count)
      throw usageError("the job's requests are not as many as its items");
    const folder = pathAt(at)(path);
    const [key, on] = [JSON.stringify([folder, exact]), await backend.open()];
    if (kept?.key !== key || kept.on !== on) {
      await free();
      kept = { key, on, model: await servedFolder(folder, { backend: on, signal, exact }) };
    }
    const { model } = kept;
    let failed = false;
    return {
      async draw(_, stop, onProgress) {
        const run = {
          signal: stop,
          onStep: ({ done }: { readonly done: number }) => onProgress(done * count),
        };
        try {
          const drawn = await model.draw(requests, run);
          const [{ shape, steps }] = drawn;
          const data = new Float32Array(drawn.reduce((sum, { x }) => sum + x.length, 0));
          let next = 0;
          for (const { x } of drawn) {
            data.set(x, next);
            next += x.length;
          }
          const facts: ServeFacts = { steps };
          return { rows: { x: { data, shape: [count, ...shape.slice(1)] } }, facts };
        } catch (error) {
          const facts = faultOf(error);
          failed ||= !stop.aborted && !facts;
          if (!facts) throw error;
          return { rows: { x: { data: new Float32Array(count), shape: [count] } }, facts };
        }
      },
      async close() {
        if (!failed) return;
        await free();
        await backend.reset();
      },
    };
  };
  return { open, free };
}

/** What another try does not mend is the answer of its requests. */
function faultOf(error: unknown): ServeFacts | undefined {
  const code = errorCode(error);
  if (code === "not-finite") return { error: { code, message: errorLine(error) } };
  if (code !== "invalid-argument" && code !== "usage") return undefined;
  return { error: { code: "usage", message: errorLine(error) } };
}
