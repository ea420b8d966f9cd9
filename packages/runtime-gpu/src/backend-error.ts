/**
 * A backend that cannot be had, or is used after its end: a package that is not installed, a device
 * that is not there, a tensor, program or backend that was disposed.
 */
export class BackendError extends Error {
  override readonly name = "BackendError";
}

/**
 * Imports an optional peer.
 * @throws BackendError with the command that installs it.
 */
export async function loadPeer<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as { code?: string; message?: string };
    const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
    const why = missing ? "is not installed" : `did not load (${String(message).split("\n")[0]})`;
    throw new BackendError(`${name} ${why}; run: npm install ${name}`, { cause });
  }
}
