/** What example-model.ts of this app makes. */
declare module "virtual:example-model" {
  /** The SHA-256 of each file of the example by its path. */
  export const sha256: Readonly<Record<string, string>>;
}
