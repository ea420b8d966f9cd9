/** Bytes that come chunk by chunk, in one array that never takes more than `limit`. */
export class GrowingBytes {
  readonly #limit: number;
  #bytes = new Uint8Array(0);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** Makes room for `size` bytes in all, as far as the limit goes. */
  reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.min(size, this.#limit));
    larger.set(this.view(0, this.#length));
    this.#bytes = larger;
  }

  /** Takes the chunk; false where it would go beyond the limit. */
  add(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#limit) return false;
    if (length > this.#bytes.length) this.reserve(Math.max(length, 2 * this.#bytes.length));
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  clear(): void {
    this.#length = 0;
  }

  view(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(from, to);
  }

  /** All that came, in an array of its own length. */
  whole(): Uint8Array {
    const all = this.view(0, this.#length);
    return this.#length === this.#bytes.length ? this.#bytes : all.slice();
  }
}
