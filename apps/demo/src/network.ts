import { backendError } from "./backends/backend-error.ts";
import { text } from "./language.ts";

/** Whether the page's server can be reached. */
export const serverReachable = (): Promise<boolean> =>
  fetch(location.href, { method: "HEAD", cache: "no-store" }).then(
    () => true,
    () => false,
  );

/** An error as the page shows it. */
export interface Failure {
  readonly words: string;
  /** The program's own message. */
  readonly detail?: string;
}

/** What the page says about an error. `what` is what had to be downloaded. */
export async function explainError(cause: unknown, what: string): Promise<Failure> {
  if (!(await serverReachable())) return { words: text.value.limits.offline(what) };
  const { name, message } = cause as Error;
  return name === backendError
    ? { words: text.value.limits.backend(what), detail: message }
    : { words: message };
}
