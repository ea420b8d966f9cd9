// @ts-check

/** Flags of a headless Chromium that asks nothing of the network; as root it cannot have a sandbox. */
export const chromiumFlags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
