/** Where a backend runs. */
export interface RemoteOptions {
  /**
   * Runs the library in a worker. Sessions open and programs run there, while this thread answers
   * requests and moves the page. Closing the backend ends the worker.
   * @defaultValue false
   */
  worker?: boolean;
  /**
   * Runs the library in a process of its own, for models of strangers in Node. A crash of native
   * code, or memory that runs out, ends that process alone: all calls then reject with GenError
   * `backend-crashed`, and a new backend can be opened. The process ends when the backend is closed
   * or this process ends. Sets `worker`.
   * @defaultValue false
   */
  isolate?: boolean;
}
