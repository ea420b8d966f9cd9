import * as g from "@gen/graph";
import { same } from "../../conformance/case.ts";
import { openHere } from "./subjects.ts";

const graph = (factor: number) =>
  g.trace(({ x }) => ({ y: g.mul(x, factor) }), { x: { shape: [2] } });

/** Has two backends compile and run several programs at once. */
export async function atOnce(name: string): Promise<void> {
  const both = [await openHere(name), await openHere(name)];
  const work = both.flatMap((backend, i) =>
    [1, 2, 3].map(async (k) => {
      const factor = 10 * i + k;
      const program = await backend.compile(graph(factor));
      const x = backend.upload([1, 2], [2]);
      const runs = await Promise.all([program.run({ x }), program.run({ x })]);
      for (const { y } of runs) {
        same(`times ${factor}`, [...(await backend.download(y))], [factor, 2 * factor]);
        backend.dispose(y);
      }
      backend.dispose(x);
      await program.dispose();
    }),
  );
  await Promise.all(work);
  for (const backend of both) {
    same("live", backend.memory().live, 0);
    await backend.close();
  }
}
