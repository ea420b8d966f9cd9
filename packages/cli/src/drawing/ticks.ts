/**
 * Round numbers for an axis from `low` to `high`: multiples of 1, 2 or 5 times a power of ten,
 * about `count` of them.
 */
export function linearTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const ratio = rough / power;
  // The multiple nearest in ratio: its bounds are the geometric means of its neighbours.
  const step =
    power * (ratio >= 50 ** 0.5 ? 10 : ratio >= 10 ** 0.5 ? 5 : ratio >= 2 ** 0.5 ? 2 : 1);
  const ticks: number[] = [];
  // Adding 0 turns -0 into 0.
  for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) ticks.push(k * step + 0);
  return ticks;
}

/** Powers of ten from `low` to `high`; if they are few, also 2 and 5 times each power. */
export function logTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const multiples = decades < 2.5 ? [1, 2, 5] : [1];
  const stride = Math.ceil(decades / 8);
  const ticks: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    if (e % stride !== 0) continue;
    for (const m of multiples) {
      const tick = Number(`${m}e${e}`);
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks.length > 1 ? ticks : linearTicks(low, high, 5);
}

/**
 * A tick's number as text: no needless digits, commas between thousands, powers for long numbers.
 */
export function tickText(value: number): string {
  if (Math.abs(value) < 1e-300) return "0";
  const magnitude = Math.abs(value);
  if (magnitude < 1e-4 || magnitude >= 1e7) {
    return value.toExponential(3).replace(/\.?0+e\+?/, "e");
  }
  const [integer, fraction] = String(Number(value.toPrecision(10))).split(".");
  const grouped = magnitude >= 1e4 ? integer.replace(/\B(?=(\d{3})+$)/g, ",") : integer;
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
