import { text } from "./language.ts";

/** Whether the page's server can be reached. */
export const serverReachable = (): Promise<boolean> =>
  fetch(location.href, { method: "HEAD", cache: "no-store" }).then(
    () => true,
    () => false,
  );

/** The message that the page shows for an error. `what` is what had to be downloaded. */
export async function explainError(cause: unknown, what: string): Promise<string> {
  return (await serverReachable()) ? (cause as Error).message : text.value.limits.offline(what);
}
