/** Memory that a server's word for the size of a file is good for. More is taken as bytes arrive. */
const freeRoom = 2 ** 26;

/** Bytes that arrive in chunks, in one array of at most `limit` bytes. */
export class GrowingBytes {
  readonly #limit: number;
  #expected = 0;
  #bytes = new Uint8Array(0);
  /** Bytes that have arrived. Set it to 0 to start again. */
  length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Announces `size` bytes in all. */
  expect(size: number): void {
    this.#expected = size;
  }

  /** Appends a chunk. False if the length would exceed the limit. */
  add(chunk: Uint8Array): boolean {
    const length = this.length + chunk.length;
    if (length > this.#limit) return false;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(chunk, this.length);
    this.length = length;
    return true;
  }

  #grow(length: number): void {
    const announced = Math.min(this.#expected, Math.max(freeRoom, 4 * length));
    const size = Math.max(length, announced || 2 * this.#bytes.length);
    this.#bytes = resized(this.#bytes, Math.min(size, this.#limit));
  }

  /** A part of the bytes, until more are added. */
  view(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(from, to);
  }

  /** All bytes, in an array of exactly their length. */
  toArray(): Uint8Array {
    if (this.length < this.#bytes.length) this.#bytes = resized(this.#bytes, this.length);
    return this.#bytes;
  }
}

type Transfer = (length: number) => ArrayBuffer;

/** The first bytes of an array in one of `length` bytes. The array is empty afterwards if it can be. */
function resized(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  // Two arrays of a large file would be in memory, until the next garbage collection.
  const { transfer } = bytes.buffer as { transfer?: Transfer };
  if (transfer) return new Uint8Array(transfer.call(bytes.buffer, length));
  const other = new Uint8Array(length);
  other.set(bytes.subarray(0, length));
  return other;
}

/** Frees an array's memory at once where the engine can. Its array buffer must be the array's own. */
export const freeBytes = (bytes: Uint8Array): void => void resized(bytes, 0);
