/** Points along the two bowls of the digit 3, in about [-1, 1] x [-1.6, 1.6]. */
export function digitStrokes(): [number, number][] {
  const bowl = (y: number, radius: number, from: number, to: number): [number, number][] => {
    const n = Math.round(120 * radius * (to - from));
    return Array.from({ length: n }, (_, i) => {
      const angle = from + ((to - from) * (i + 0.5)) / n;
      return [radius * 1.1 * Math.cos(angle), y + radius * Math.sin(angle)];
    });
  };
  const degree = Math.PI / 180;
  return [
    ...bowl(0.75, 0.75, -80 * degree, 150 * degree),
    ...bowl(-0.85, 0.85, -150 * degree, 80 * degree),
  ];
}
