// @ts-check
/**
 * What a library must do for {@link unetOver}: images are `[batch, height, width, channels]`, weights go by
 * their names. Every operation may consume what it takes; `keep` gives a value that is needed again.
 *
 * @template T
 * @typedef {object} Operations
 * @property {(name: string, x: T, stride?: number) => T} conv With a bias; 3x3 or 1x1, the size kept or halved.
 * @property {(name: string, x: T) => T} norm Group normalisation.
 * @property {(name: string, x: T) => T} linear
 * @property {(x: T) => T} silu
 * @property {(x: T, y: T) => T} add
 * @property {(x: T, y: T) => T} join Along the channels.
 * @property {(x: T, time: T) => T} addTime Adds `[batch, channels]` to every pixel.
 * @property {(q: T, k: T, v: T) => T} attend Each `[batch, pixels, channels]`.
 * @property {(x: T) => [q: T, k: T, v: T]} split Channels in three, pixels in one axis.
 * @property {(x: T, like: T) => T} asImage
 * @property {(x: T) => T} upsample Each pixel four times.
 * @property {(t: T) => T} embed Sines and cosines of `[batch]`.
 * @property {(x: T) => T} keep
 * @property {(f: () => T) => T} scope Frees what `f` made but for its result.
 */

/**
 * The network of unet.py over a library's own operations: x and t to the prediction.
 *
 * @template T
 * @param {Operations<T>} ops
 * @param {(name: string) => boolean} has Whether there is a weight of this name.
 */
export function unetOver(ops, has, levels = 3) {
  const block = (/** @type {string} */ name, /** @type {T} */ x, /** @type {T} */ time) =>
    ops.scope(() => {
      const h = ops.conv(`${name}.conv1`, ops.silu(ops.norm(`${name}.norm1`, ops.keep(x))));
      const timed = ops.addTime(h, ops.linear(`${name}.time`, ops.keep(time)));
      const y = ops.conv(`${name}.conv2`, ops.silu(ops.norm(`${name}.norm2`, timed)));
      return ops.add(has(`${name}.skip.weight`) ? ops.conv(`${name}.skip`, x) : x, y);
    });
  const attention = (/** @type {string} */ name, /** @type {T} */ x) =>
    ops.scope(() => {
      const [q, k, v] = ops.split(ops.conv(`${name}.qkv`, ops.norm(`${name}.norm`, ops.keep(x))));
      const attended = ops.asImage(ops.attend(q, k, v), ops.keep(x));
      return ops.add(x, ops.conv(`${name}.project`, attended));
    });

  return (/** @type {T} */ x, /** @type {T} */ t) => {
    const embedded = ops.silu(ops.linear("time.0", ops.embed(t)));
    const time = ops.silu(ops.linear("time.1", embedded));
    let h = ops.conv("in", x);
    const skips = [ops.keep(h)];
    for (let level = 0; level < levels; level++) {
      h = block(`down.${level}.0`, h, time);
      skips.push(ops.keep(h));
      if (level === levels - 1) continue;
      h = ops.conv(`down.${level}.resample`, h, 2);
      skips.push(ops.keep(h));
    }
    h = block("mid.1", attention("mid.attention", block("mid.0", h, time)), time);
    for (let level = levels - 1; level >= 0; level--) {
      for (const i of [0, 1]) {
        h = block(`up.${level}.${i}`, ops.join(h, /** @type {T} */ (skips.pop())), time);
      }
      if (level > 0) h = ops.conv(`up.${level}.resample`, ops.upsample(h));
    }
    return ops.conv("out.conv", ops.silu(ops.norm("out.norm", h)));
  };
}

/** The divisors of group normalisation, as unet.py has them. @param {number} channels */
export function groupsOf(channels) {
  let groups = Math.max(1, Math.min(32, Math.floor(channels / 4)));
  while (channels % groups !== 0) groups--;
  return groups;
}

/** Frequencies of the time embedding. @param {number} features */
export function frequencies(features) {
  const half = features / 2;
  return Float32Array.from({ length: half }, (_, i) => Math.exp((-Math.log(1e4) * i) / (half - 1)));
}

/** @typedef {{ data: Float32Array, shape: readonly number[] }} Weight */

/**
 * PyTorch's weights as these libraries want them: kernels `[rows, columns, in, out]` and matrices
 * `[in, out]`.
 * @param {Readonly<Record<string, Weight>>} weights
 * @returns {Record<string, Weight>}
 */
export function channelsLast(weights) {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data, shape }]) => {
      if (shape.length < 2) return [name, { data, shape }];
      const [out, inner, rows = 1, columns = 1] = shape;
      const area = rows * columns;
      const turned = new Float32Array(data.length);
      for (let o = 0; o < out; o++) {
        for (let i = 0; i < inner; i++) {
          for (let p = 0; p < area; p++) {
            turned[(p * inner + i) * out + o] = data[(o * inner + i) * area + p];
          }
        }
      }
      return [
        name,
        { data: turned, shape: shape.length === 2 ? [inner, out] : [rows, columns, inner, out] },
      ];
    }),
  );
}

/** The linear schedule of Ho et al.: signal and noise of each of 1,000 levels. */
export function levels() {
  const signal = new Float32Array(1000);
  const noise = new Float32Array(1000);
  let product = 1;
  for (let t = 0; t < 1000; t++) {
    product *= 1 - (1e-4 + (t * (0.02 - 1e-4)) / 999);
    signal[t] = Math.sqrt(product);
    noise[t] = Math.sqrt(1 - product);
  }
  return { signal, noise };
}
