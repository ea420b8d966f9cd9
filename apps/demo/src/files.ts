/** Offers a file for download. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Points `[n, 2]` as a CSV file with a line of names. */
export function csvPoints(points: ArrayLike<number>): Blob {
  const lines = Array.from({ length: points.length / 2 }, (_, i) =>
    [points[2 * i], points[2 * i + 1]].map((v) => v.toFixed(6)).join(","),
  );
  return new Blob([["x,y", ...lines, ""].join("\n")], { type: "text/csv" });
}
