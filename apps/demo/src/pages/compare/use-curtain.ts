import { ref, shallowRef } from "vue";
import type { CompareWork, Side, Trace, TraceRequest } from "./compare-work.ts";
import { evenFrames } from "./even-frames.ts";

/** One side of the curtain as the page shows it. */
export interface SideView {
  /** The points on the stage at even positions. */
  readonly frames: readonly Float32Array[];
  /** The points at the end, standardized. */
  readonly points: Float32Array;
  readonly distance: number;
}

/** The two sides of the curtain. A side changes when all of its points are there. */
export function useCurtain(work: Pick<CompareWork, "trace">) {
  const sides = { left: shallowRef<SideView>(), right: shallowRef<SideView>() };
  const tracing = ref(0);
  const requests: Partial<Record<Side, string>> = {};
  /** The number of the data. */
  let data = 0;

  async function traceSide(side: Side, request: TraceRequest, map: StageMap): Promise<void> {
    const key = JSON.stringify([data, request]);
    if (requests[side] === key) return;
    requests[side] = key;
    tracing.value++;
    try {
      const trace = await work.trace(side, request);
      if (trace && requests[side] === key) sides[side].value = viewOf(trace, map);
    } finally {
      tracing.value--;
    }
  }

  return {
    ...sides,
    tracing,
    /** Traces the sides whose settings have changed. */
    async trace(request: TraceRequest, map: StageMap): Promise<void> {
      await Promise.all([
        traceSide("left", request, map),
        traceSide("right", { ...request, eta: 0 }, map),
      ]);
    },
    /** Forgets what was traced: the data have changed. */
    forget(): void {
      data++;
    },
  };
}

type StageMap = (points: Float32Array) => Float32Array;

const viewOf = (trace: Trace, map: StageMap): SideView => ({
  frames: evenFrames(trace).map(map),
  points: trace.frames[trace.frames.length - 1],
  distance: trace.distance,
});
