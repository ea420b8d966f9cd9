/** Whether this is Node rather than a page or a worker. */
export const inNode = (): boolean => typeof process !== "undefined" && !!process.versions?.node;
