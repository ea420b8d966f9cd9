/** Draws points [n, 2] of about unit variance. */
export function plot(canvas, points) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i], points[i + 1]];
    context.fillRect((x / 5 + 0.5) * width, (0.5 - y / 5) * height, 2, 2);
  }
}
