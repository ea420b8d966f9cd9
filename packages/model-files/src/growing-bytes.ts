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
    const larger = new Uint8Array(Math.min(size, this.#limit));
    larger.set(this.view(0, this.length));
    this.#bytes = larger;
  }

  view(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(from, to);
  }

  /** All bytes, in an array of exactly their length. */
  toArray(): Uint8Array {
    const exact = this.length === this.#bytes.length;
    return exact ? this.#bytes : this.#bytes.slice(0, this.length);
  }
}
