let closedPort: InstanceType<typeof MessagePort> | undefined;

/**
 * Frees a large array's memory at once and leaves the array empty. A training step makes all of its
 * gradients anew, megabytes of them; the garbage collector would run every few steps, and every step
 * would take fresh pages.
 */
export function releaseMemory({ buffer, byteLength }: ArrayBufferView): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength < buffer.byteLength) return;
  if (byteLength < 2 ** 16) return;
  const { transfer } = buffer as { transfer?: (length: number) => unknown };
  if (transfer) return void transfer.call(buffer, 0);
  // An engine without `transfer` frees what is sent to a closed port.
  if (!closedPort) {
    closedPort = new MessageChannel().port1;
    closedPort.close();
  }
  closedPort.postMessage(null, [buffer]);
}
