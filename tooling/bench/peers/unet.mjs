// The network of unet.py over a library's operations: x and t to the prediction. Images are
// `[batch, height, width, channels]`. Weights are found by name. An operation may free its inputs.
// `keep` returns a value that is needed again.
export function unetOver(ops, has, levels = 3) {
  const block = (name, x, time) =>
    ops.scope(() => {
      const h = ops.conv(`${name}.conv1`, ops.silu(ops.norm(`${name}.norm1`, ops.keep(x))));
      const timed = ops.addTime(h, ops.linear(`${name}.time`, ops.keep(time)));
      const y = ops.conv(`${name}.conv2`, ops.silu(ops.norm(`${name}.norm2`, timed)));
      return ops.add(has(`${name}.skip.weight`) ? ops.conv(`${name}.skip`, x) : x, y);
    });
  const attention = (name, x) =>
    ops.scope(() => {
      const [q, k, v] = ops.split(ops.conv(`${name}.qkv`, ops.norm(`${name}.norm`, ops.keep(x))));
      const attended = ops.asImage(ops.attend(q, k, v), ops.keep(x));
      return ops.add(x, ops.conv(`${name}.project`, attended));
    });

  return (x, t) => {
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
        h = block(`up.${level}.${i}`, ops.join(h, skips.pop()), time);
      }
      if (level > 0) h = ops.conv(`up.${level}.resample`, ops.upsample(h));
    }
    return ops.conv("out.conv", ops.silu(ops.norm("out.norm", h)));
  };
}

// The number of groups of group normalization, as in unet.py.
export function groupsOf(channels) {
  let groups = Math.max(1, Math.min(32, Math.floor(channels / 4)));
  while (channels % groups !== 0) groups--;
  return groups;
}

// The frequencies of the time embedding.
export function frequencies(features) {
  const half = features / 2;
  return Float32Array.from({ length: half }, (_, i) => Math.exp((-Math.log(1e4) * i) / (half - 1)));
}

// Converts PyTorch's weights: kernels to `[rows, columns, in, out]`, matrices to `[in, out]`.
export function channelsLast(weights) {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data, shape }]) => {
      if (shape.length < 2) return [name, { data, shape }];
      const [out, inner, rows = 1, columns = 1] = shape;
      const area = rows * columns;
      const transposed = new Float32Array(data.length);
      for (let o = 0; o < out; o++) {
        for (let i = 0; i < inner; i++) {
          for (let p = 0; p < area; p++) {
            transposed[(p * inner + i) * out + o] = data[(o * inner + i) * area + p];
          }
        }
      }
      return [
        name,
        {
          data: transposed,
          shape: shape.length === 2 ? [inner, out] : [rows, columns, inner, out],
        },
      ];
    }),
  );
}

// The linear schedule of Ho et al.: the signal and noise of 1,000 levels.
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
