/**
 * Philox4x32 with 10 rounds: 4 random words from a counter of 4 words and a key of 2.
 *
 * Exactly Random123's (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"); words are unsigned 32-bit integers, index 0 first.
 *
 * @param counter 4 words.
 * @param key 2 words.
 */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>): Uint32Array {
  const out = new Uint32Array(8);
  philoxFill(out, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return out.slice(0, 4);
}

/**
 * Fills `out`, whose length is a multiple of 8, with successive blocks of {@link philox4x32}: the
 * counter's first word starts at `block` and goes up by 1 every four words.
 */
export function philoxFill(
  out: Uint32Array,
  block: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
): void {
  for (let i = 0; i < out.length; i += 8, block += 2) {
    philoxPair(out, i, block, counter1, block + 1, counter1, counter2, counter3, key0, key1);
  }
}

/**
 * Writes two blocks at `out[i]`, whose counters differ in their first two words. Their
 * multiplications overlap in the processor.
 */
export function philoxPair(
  out: Uint32Array,
  i: number,
  first0: number,
  first1: number,
  second0: number,
  second1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
): void {
  let a0 = first0 | 0;
  let a1 = first1 | 0;
  let a2 = counter2 | 0;
  let a3 = counter3 | 0;
  let b0 = second0 | 0;
  let b1 = second1 | 0;
  let b2 = a2;
  let b3 = a3;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < 10; round++) {
    const a = high0(a0) ^ a3 ^ k1;
    a3 = Math.imul(0xd2511f53, a0);
    a0 = high1(a2) ^ a1 ^ k0;
    a1 = Math.imul(0xcd9e8d57, a2);
    a2 = a;
    const b = high0(b0) ^ b3 ^ k1;
    b3 = Math.imul(0xd2511f53, b0);
    b0 = high1(b2) ^ b1 ^ k0;
    b1 = Math.imul(0xcd9e8d57, b2);
    b2 = b;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[i] = a0;
  out[i + 1] = a1;
  out[i + 2] = a2;
  out[i + 3] = a3;
  out[i + 4] = b0;
  out[i + 5] = b1;
  out[i + 6] = b2;
  out[i + 7] = b3;
}

// High words of 32x32-bit products from 16x16-bit products. One function for each constant: a
// single function with the constant as its argument runs a third slower.
function high0(x: number): number {
  const low = x & 0xffff;
  const high = x >>> 16;
  const u = (Math.imul(0xd251, low) + (Math.imul(0x1f53, low) >>> 16)) | 0;
  const v = (Math.imul(0x1f53, high) + (u & 0xffff)) | 0;
  return (Math.imul(0xd251, high) + (u >>> 16) + (v >>> 16)) | 0;
}

function high1(x: number): number {
  const low = x & 0xffff;
  const high = x >>> 16;
  const u = (Math.imul(0xcd9e, low) + (Math.imul(0x8d57, low) >>> 16)) | 0;
  const v = (Math.imul(0x8d57, high) + (u & 0xffff)) | 0;
  return (Math.imul(0xcd9e, high) + (u >>> 16) + (v >>> 16)) | 0;
}
