import { scenarios } from "./scenarios.ts";

type Call = { name: keyof typeof scenarios; args: never[]; answer: MessagePort };

globalThis.onmessage = async ({ data: { name, args, answer } }: MessageEvent<Call>) => {
  try {
    const scenario = scenarios[name] as (...args: never[]) => Promise<unknown>;
    answer.postMessage({ value: await scenario(...args) });
  } catch (error) {
    answer.postMessage({ error: (error as Error).message });
  }
};
