/**
 * Threefry2x32 with 20 rounds: 2 random words from a counter of 2 words and a key of 2.
 *
 * Exactly Random123's (Salmon, Moraes, Dror and Shaw 2011), the generator of JAX; words are
 * unsigned 32-bit integers, index 0 first.
 *
 * @param counter 2 words.
 * @param key 2 words.
 */
export function threefry2x32(counter: ArrayLike<number>, key: ArrayLike<number>): Uint32Array {
  const keys = [key[0], key[1], 0x1bd11bda ^ key[0] ^ key[1]];
  let a = (counter[0] + key[0]) | 0;
  let b = (counter[1] + key[1]) | 0;
  for (let round = 0; round < 20; round++) {
    // Rotations 13, 15, 26, 6, then 17, 29, 16, 24, each four followed by a key.
    const by = [13, 15, 26, 6, 17, 29, 16, 24][round % 8];
    a = (a + b) | 0;
    b = ((b << by) | (b >>> (32 - by))) ^ a;
    if (round % 4 === 3) {
      const turn = (round + 1) / 4;
      a = (a + keys[turn % 3]) | 0;
      b = (b + keys[(turn + 1) % 3] + turn) | 0;
    }
  }
  return Uint32Array.of(a, b);
}
