import { mlp } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { denoiser } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { sampleModel } from "../src/sample-model.ts";
import { type ServerOptions, startServer } from "../src/server.ts";

/** A pipeline of points with seeded weights. */
export const points = (classes?: readonly string[]) => ({
  kind: "diffusion" as const,
  denoiser: denoiser(
    mlp({ inputs: 2, hidden: [16, 16], time: true, seed: 1, classes: classes?.length }),
  ),
  scheduler: { schedule: linearSchedule({ steps: 100 }) },
  shape: [2],
  ...(classes && { classes }),
});

/** Starts a server of points at a free port. */
export async function serve(options: Partial<ServerOptions> = {}) {
  const errors: unknown[] = [];
  const server = await startServer({
    model: sampleModel(points(), { backend: cpuBackend() }),
    port: 0,
    onError: (error) => errors.push(error),
    ...options,
  });
  const post = (path: string, body: unknown, more: RequestInit = {}) =>
    fetch(server.url + path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...more,
      headers: { "content-type": "application/json", ...more.headers },
    });
  return { ...server, errors, post };
}

/** The answer's JSON. */
export const jsonOf = async (answer: Response | Promise<Response>) =>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers.
  (await (await answer).json()) as any;
