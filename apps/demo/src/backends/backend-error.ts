/** The name of an error of a backend that did not start. It survives the way out of a worker. */
export const backendError = "BackendError";
