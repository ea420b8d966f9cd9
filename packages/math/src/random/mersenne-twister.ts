/** The 32-bit words of MT19937 (Matsumoto and Nishimura 1998), seeded with one word. */
export function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) {
    const last = state[i - 1];
    state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
  }
  let place = 0;
  return () => {
    // Renews each word just before it is read. The words are those of renewing all 624 at once.
    const mixed = (state[place] & 0x80000000) | (state[(place + 1) % 624] & 0x7fffffff);
    let word = state[(place + 397) % 624] ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    state[place] = word;
    place = (place + 1) % 624;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}
