/** Pictures `[100, 1, size, size]` in [-1, 1] as ten rows of ten, each pixel `scale` wide. */
export function sheet(x, size) {
  const scale = size < 20 ? 6 : 2;
  const cell = size * scale + 4;
  const width = 10 * cell + 4;
  const data = new Uint8Array(width * width).fill(255);
  for (let i = 0; i < 100; i++) {
    const [top, left] = [Math.floor(i / 10) * cell + 4, (i % 10) * cell + 4];
    for (let row = 0; row < size * scale; row++) {
      for (let column = 0; column < size * scale; column++) {
        const pixel = Math.floor(row / scale) * size + Math.floor(column / scale);
        const grey = Math.round(127.5 * (x[i * size * size + pixel] + 1));
        data[(top + row) * width + left + column] = Math.min(255, Math.max(0, grey));
      }
    }
  }
  return { width, height: width, channels: 1, data };
}
