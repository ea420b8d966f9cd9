/*
 * A program around model files that ONNX Runtime opens as they are, such as a large denoiser with the
 * sampler's step beside it.
 */
import type { Graph } from "@gen/graph";
import type { CallPlan } from "@gen/graph/compiler";
import type { Executable } from "../device.ts";
import { bodyProgram } from "./body-program.ts";
import { releaseMemory } from "./release-memory.ts";
import type { Ort, OrtTensor, SessionOptions } from "./runtime.ts";
import { sessionDefaults } from "./session.ts";

type ModelCall = CallPlan["calls"][number];
type ModelFile = ModelCall["file"];
type Session = Awaited<ReturnType<Ort["InferenceSession"]["create"]>>;

/** The bytes of a file. A file of another thread has no function that reads it. */
const bytesOf = async ({ bytes, blob, size, read }: ModelFile["file"]) =>
  bytes ?? (blob ? new Uint8Array(await blob.slice(0, size).arrayBuffer()) : read(0, size));

/**
 * The sessions of a device's model files. Programs share them. Memory patterns take up to 1.4 times
 * the memory and save no time (docs/decisions/0031).
 */
export function fileSessions(ort: Ort, options: SessionOptions, native: boolean) {
  const open = new Map<ModelFile | string, { users: number; session: Promise<Session> }>();
  // A graph from another thread has another object for the same file.
  const keyOf = (file: ModelFile) =>
    file.file.path === undefined ? file : `${file.file.size} ${file.file.path}`;
  return {
    /** The session of a file, which each user releases once. */
    async take(file: ModelFile): Promise<Session> {
      const create = async () => {
        const all = { ...sessionDefaults(), enableMemPattern: false, ...options };
        // The native runtime finds the files beside a path itself.
        if (native && file.file.path !== undefined) {
          return ort.InferenceSession.create(file.file.path, all);
        }
        const files = [file.file, ...Object.values(file.beside)];
        const [bytes, ...data] = await Promise.all(files.map(bytesOf));
        const paths = Object.keys(file.beside);
        const externalData = paths.map((path, i) => ({ path, data: data[i] }));
        try {
          return await ort.InferenceSession.create(bytes, { ...all, externalData });
        } finally {
          // The runtime has its own copy of what was read from a blob.
          const read = [bytes, ...data].filter((_, i) => files[i].blob && !files[i].bytes);
          if (!native) for (const each of read) releaseMemory(each);
        }
      };
      const key = keyOf(file);
      const known = open.get(key) ?? { users: 0, session: create() };
      open.set(key, known);
      known.users++;
      known.session.catch(() => open.delete(key));
      return known.session;
    },
    async release(file: ModelFile): Promise<void> {
      const known = open.get(keyOf(file));
      if (!known || --known.users > 0) return;
      open.delete(keyOf(file));
      await (await known.session).release();
    },
  };
}

/** Compiles a graph around model files. `compile` makes a program of what has none. */
export async function callingProgram(
  { calls, rest }: CallPlan,
  {
    sessions,
    compile,
    free,
  }: {
    readonly sessions: ReturnType<typeof fileSessions>;
    compile(graph: Graph): Promise<Executable<OrtTensor>>;
    free(tensor: OrtTensor): void;
  },
): Promise<Executable<OrtTensor>> {
  const endings: (() => Promise<void>)[] = [];
  const dispose = async () => {
    for (const end of endings.splice(0)) await end();
  };
  const prepare = async ({ file, before, takes, gives }: ModelCall) => {
    const session = await sessions.take(file);
    endings.push(() => sessions.release(file));
    const first = await bodyProgram(before, compile);
    endings.push(first.dispose);
    return { session, first, takes: Object.entries(takes), gives: Object.entries(gives) };
  };
  const prepared: Awaited<ReturnType<typeof prepare>>[] = [];
  try {
    for (const call of calls) prepared.push(await prepare(call));
    const last = await compile(rest);
    endings.push(last.dispose);
    return {
      dispose,
      async run(inputs, dims) {
        const values = new Map(inputs);
        try {
          for (const { session, first, takes, gives } of prepared) {
            const made = await first.run(values, dims);
            for (const [name, tensor] of Object.entries(made)) values.set(name, tensor);
            const feeds = takes.map(([name, value]) => [name, values.get(value)]);
            const results = await session.run(Object.fromEntries(feeds));
            for (const name of Object.keys(made)) {
              free(values.get(name) as OrtTensor);
              values.delete(name);
            }
            for (const [name, value] of gives) values.set(value, results[name]);
          }
          const own = rest.inputs.map(({ name }) => [name, values.get(name) as OrtTensor] as const);
          return await last.run(new Map(own), dims);
        } finally {
          for (const [name, tensor] of values) if (!inputs.has(name)) free(tensor);
        }
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
