import * as g from "@gen/graph";
import { openHere } from "./subjects.ts";

/** The error of a run that ONNX Runtime refuses on the CPU: an index is past the end. */
export async function failsInRun(name: string, debug: boolean): Promise<string> {
  Object.assign(globalThis, { GEN_DEBUG: debug });
  const backend = await openHere(name);
  const dtype = "int64";
  const signature = { x: { shape: [2], dtype }, i: { shape: [1], dtype } } as const;
  const program = await backend.compile(
    g.trace(({ x, i }) => ({ y: g.gather(x, i, 0) }), signature),
  );
  const inputs = { x: backend.upload([1, 2], [2], dtype), i: backend.upload([9], [1], dtype) };
  const { message } = await program.run(inputs).then(
    () => new Error("the run succeeds"),
    (error: Error) => error,
  );
  await backend.close();
  return message;
}
