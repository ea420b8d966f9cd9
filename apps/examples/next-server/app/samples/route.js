import { model } from "../../lib/model.js";

// GET /samples?count=100&seed=7
export async function GET(request) {
  const { searchParams } = new URL(request.url);
  const count = Number(searchParams.get("count") ?? 100);
  const seed = Number(searchParams.get("seed") ?? 0);
  if (!(count <= 10_000))
    return Response.json({ error: "count is at most 10000" }, { status: 400 });
  try {
    const sampler = await model();
    const { x, shape } = await sampler.generate({ count, seed, steps: 20, signal: request.signal });
    return Response.json({ shape, points: Array.from(x) });
  } catch (error) {
    // Arguments that are not allowed are RangeErrors.
    const status = error instanceof RangeError ? 400 : 500;
    return Response.json({ error: error.message }, { status });
  }
}
