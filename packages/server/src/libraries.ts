import { GenError } from "@gen/math";

const install = "npm install fastify @fastify/cors @fastify/swagger prom-client";

/**
 * The libraries of the server, which a user installs beside this package.
 * @throws GenError `backend-unavailable` with the command that installs them.
 */
export async function loadLibraries() {
  try {
    const [{ fastify }, { default: cors }, { default: swagger }, metrics] = await Promise.all([
      import("fastify"),
      import("@fastify/cors"),
      import("@fastify/swagger"),
      import("prom-client"),
    ]);
    return { fastify, cors, swagger, metrics };
  } catch (cause) {
    const message = `the server needs its libraries, which did not load; run: ${install}`;
    throw new GenError("backend-unavailable", message, { cause });
  }
}
