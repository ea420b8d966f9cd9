import { text } from "./language.ts";

/** Whether the server that this page came from can be reached. */
export const serverReachable = (): Promise<boolean> =>
  fetch(location.href, { method: "HEAD", cache: "no-store" }).then(
    () => true,
    () => false,
  );

/** Why work failed, in words for the page: `what` had to be fetched for it. */
export async function explainError(cause: unknown, what: string): Promise<string> {
  return (await serverReachable()) ? (cause as Error).message : text.value.limits.offline(what);
}
