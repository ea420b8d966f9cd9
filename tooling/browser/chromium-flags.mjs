// @ts-check

/** Flags of a headless Chromium without network requests of its own. Root cannot use the sandbox. */
export const chromiumFlags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
