// @ts-check

/** Flags of a headless Chromium: no background requests, and no sandbox, which root cannot use. */
export const chromiumFlags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
