/** The mean of anchors under their weights, and the logarithm of the sum of the weights. */
export interface AnchorMean {
  x: number;
  y: number;
  log: number;
}

// Shares below exp(-40) of the largest do not change a sum in float64.
const NEGLIGIBLE = -40;

/**
 * The mean of anchors `[k, 2]` for a point, each with the weight `exp(scale |point - signal a|^2)`.
 * It is written to `out`, because it is called for every point of every step.
 */
export function anchorMean(
  anchors: ArrayLike<number>,
): (x: number, y: number, signal: number, scale: number, out: AnchorMean) => void {
  const count = anchors.length / 2;
  const logits = new Float64Array(count);
  const anchorX = Float64Array.from({ length: count }, (_, k) => anchors[2 * k]);
  const anchorY = Float64Array.from({ length: count }, (_, k) => anchors[2 * k + 1]);
  return (x, y, signal, scale, out) => {
    let top = -Infinity;
    for (let k = 0; k < count; k++) {
      const dx = x - signal * anchorX[k];
      const dy = y - signal * anchorY[k];
      const logit = scale * (dx * dx + dy * dy);
      logits[k] = logit;
      if (logit > top) top = logit;
    }
    let sum = 0;
    let meanX = 0;
    let meanY = 0;
    for (let k = 0; k < count; k++) {
      const logit = logits[k] - top;
      if (logit < NEGLIGIBLE) continue;
      const share = Math.exp(logit);
      sum += share;
      meanX += share * anchorX[k];
      meanY += share * anchorY[k];
    }
    out.x = meanX / sum;
    out.y = meanY / sum;
    out.log = top + Math.log(sum);
  };
}
