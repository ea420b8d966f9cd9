/*
 * A model behind HTTP:
 *
 *   const server = await startServer({ model: sampleModel(pipeline, { backend }), port: 8080 });
 *   server.url; // "http://127.0.0.1:8080"
 *   await server.close();
 *
 * Requests wait in one queue; those that fit together share a run. GET /openapi.json describes all
 * routes, /health and /ready are for an orchestrator, /metrics for Prometheus.
 */
import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { checkOptions, rules } from "@gen/math/arguments";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { loadLibraries } from "./libraries.ts";
import { limitsOf, type ServerLimits } from "./limits.ts";
import { type Metrics, serverMetrics } from "./metrics.ts";
import { addRoutes } from "./routes.ts";
import { answers } from "./schemas.ts";
import type { Drawn, DrawRequest, ServedModel } from "./served-model.ts";
import { type AnswerOf, answerTo, bodyOf, ServerError } from "./server-error.ts";
import { type WorkQueue, workQueue } from "./work-queue.ts";

/** What a server serves, to whom, and how much. */
export interface ServerOptions {
  /** The model, as `sampleModel` or `pictureModel` makes it. */
  readonly model: ServedModel;
  /** The model's name for clients. @defaultValue "gen" */
  readonly name?: string;
  /** The address to listen at. @defaultValue "127.0.0.1" */
  readonly host?: string;
  /** 0 takes a free port. @defaultValue 8080 */
  readonly port?: number;
  /** What clients send as `Authorization: Bearer TOKEN`. @defaultValue none: anyone may ask */
  readonly token?: string;
  /** Origins of pages that may ask, such as "https://example.com". @defaultValue none */
  readonly origins?: readonly string[];
  /** What one client may ask for. */
  readonly limits?: Partial<ServerLimits>;
  /**
   * Called with each failure that is not the client's.
   *
   * @param error What was thrown.
   * @param id The request's id, which the answer's `x-request-id` has.
   * @defaultValue a line on stderr
   */
  readonly onError?: (error: unknown, id: string) => void;
}

/** A server that listens. */
export interface RunningServer {
  /** Its address, such as "http://127.0.0.1:8080". */
  readonly url: string;
  /**
   * Stops: refuses what waits with 503, gives the runs under way some seconds, and frees the model.
   *
   * @param seconds The most seconds for the runs under way. Default: 30.
   */
  close(seconds?: number): Promise<void>;
}

/** The most bytes of a request. */
const MAX_BODY = 2 ** 18;

/** What an id of a client may be; another is replaced. */
const ID = /^[\w-]{1,64}$/;

/** What needs no token. */
const open = ["/health", "/ready"];

/**
 * Starts a server. It needs fastify, @fastify/cors, @fastify/swagger and prom-client, which are
 * installed beside this package.
 *
 * @param options The model, the address, and the limits.
 * @throws GenError `backend-unavailable` with the command that installs the libraries; RangeError for
 * an option; the system's error when the address cannot be taken.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  checkOptions(options, {
    model: rules.having("a model, such as sampleModel gives", { draw: rules.FUNCTION }),
    name: rules.optional(rules.TEXT),
    host: rules.optional(rules.TEXT),
    port: rules.optional(rules.integerIn(0, 65_535)),
    token: rules.optional([
      "a text that is not empty",
      (value) => !!value && typeof value === "string",
    ]),
    origins: rules.optional(rules.listOf(rules.TEXT)),
    onError: rules.optional(rules.FUNCTION),
  });
  const { model, name = "gen", host = "127.0.0.1", port = 8080, token, origins = [] } = options;
  const limits = limitsOf(options.limits);
  const onError =
    options.onError ?? ((error, id) => void process.stderr.write(`${id}: ${String(error)}\n`));
  const { fastify, cors, swagger, metrics: library } = await loadLibraries();
  const metrics = serverMetrics(library, () => queue.waiting);
  const queue: WorkQueue<DrawRequest, Drawn> = workQueue(
    {
      key: (request) => model.keyOf(request),
      rows: ({ count }) => count,
      cost: (request) => request.count * model.stepsOf(request),
      runs: () => model.runs ?? 1,
      run: (requests, run) => model.draw(requests, run),
    },
    {
      capacity: limits.queue,
      most: limits.batch,
      onRun({ requests, rows, seconds, ok }) {
        metrics.runs.inc({ result: ok ? "done" : "failed" });
        metrics.batch.observe(requests);
        metrics.runSeconds.observe(seconds);
        if (ok) metrics.samples.inc(rows);
      },
    },
  );
  const app: FastifyInstance = fastify({
    bodyLimit: MAX_BODY,
    requestTimeout: 30_000,
    forceCloseConnections: "idle",
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: false } },
    genReqId: ({ headers: { "x-request-id": id } }) =>
      typeof id === "string" && ID.test(id) ? id : randomUUID(),
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "gen", description: `The model ${name} behind HTTP.`, version: "1" },
      ...(token !== undefined && {
        components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
        security: [{ token: [] }],
      }),
    },
  });
  if (origins.length > 0) {
    const exposedHeaders = ["x-request-id", "retry-after"];
    await app.register(cors, { origin: [...origins], exposedHeaders });
  }
  const answerOf = (error: unknown, id: string) => {
    const answer = answerTo(error);
    if (answer.status >= 500 && answer !== error) onError(error, id);
    return answer;
  };
  watch(app, { token, metrics, answerOf });
  let stopping = false;
  addRoutes(app, { name, model, queue, limits, answerOf });
  const trouble = () => (stopping ? "the server stops" : model.trouble?.());
  addState(app, { metrics, trouble });
  await app.listen({ host, port });
  const { port: taken } = app.server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}`,
    async close(seconds = 30) {
      stopping = true;
      await queue.stop(seconds);
      // A connection on which nothing was asked yet does not count as idle.
      const cut = setTimeout(() => app.server.closeAllConnections(), 1000 * Math.min(5, seconds));
      await app.close();
      clearTimeout(cut);
      await model.dispose();
    },
  };
}

interface Watched {
  readonly token: string | undefined;
  readonly metrics: Metrics;
  readonly answerOf: AnswerOf;
}

/** Adds ids, the token, counts, and one shape of errors. */
function watch(app: FastifyInstance, { token, metrics, answerOf }: Watched): void {
  const wanted = token === undefined ? undefined : hash(`Bearer ${token}`);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    // A browser asks for CORS without the token.
    if (wanted === undefined || request.method === "OPTIONS") return;
    if (open.includes(request.routeOptions.url ?? "")) return;
    if (timingSafeEqual(hash(request.headers.authorization ?? ""), wanted)) return;
    reply.header("www-authenticate", "Bearer");
    throw new ServerError(
      401,
      "invalid_token",
      "send the server's token: Authorization: Bearer TOKEN",
    );
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    const status = reply.raw.writableFinished ? reply.statusCode : 499;
    metrics.requests.inc({ route, status });
    metrics.seconds.observe({ route }, reply.elapsedTime / 1000);
  });
  app.setErrorHandler((error, request, reply) => {
    // Fastify asks for the type of a body before it looks for the route.
    if ((error as { code?: string }).code === "FST_ERR_ROUTE_MISSING_CONTENT_TYPE")
      return noRoute(app, request, reply);
    const answer = answerOf(error, request.id);
    if (answer.retryAfter !== undefined) reply.header("retry-after", answer.retryAfter);
    return reply.code(answer.status).send(bodyOf(answer));
  });
  app.setNotFoundHandler((request, reply) => noRoute(app, request, reply));
}

/** Answers a request for a route that is not there: 405 where it has another method. */
function noRoute(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
  const url = request.url.replace(/\?.*/s, "");
  const allowed = (["GET", "POST"] as const).filter((method) => app.hasRoute({ url, method }));
  const error =
    allowed.length > 0
      ? new ServerError(405, "method_not_allowed", `use ${allowed.join(" or ")}`)
      : new ServerError(404, "not_found", "there is no such route; GET /openapi.json lists them");
  if (allowed.length > 0) reply.header("allow", allowed.join(", "));
  return reply.code(error.status).send(bodyOf(error));
}

const hash = (text: string) => createHash("sha256").update(text).digest();

/** Adds the routes that say how the server is. */
function addState(
  app: FastifyInstance,
  {
    metrics: { registry },
    trouble,
  }: Pick<Watched, "metrics"> & { readonly trouble: () => string | undefined },
): void {
  const security: [] = [];
  app.get("/health", { schema: { security, response: answers.health } }, () => ({
    status: "ok",
  }));
  app.get("/ready", { schema: { security, response: answers.ready } }, () => {
    const reason = trouble();
    if (reason === undefined) return { status: "ready" };
    throw new ServerError(503, "not_ready", reason, { retryAfter: 5 });
  });
  app.get("/metrics", { schema: { response: answers.metrics } }, async (_, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
  app.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
}
