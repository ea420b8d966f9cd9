import { GenError } from "@gen/math";
import { refused } from "@gen/math/arguments";

/** SHA-256 as 64 lower-case hexadecimal digits. */
export async function sha256Of(content: Uint8Array | string): Promise<string> {
  if (!globalThis.crypto?.subtle) throw insecureContext("SHA-256");
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @throws RangeError when `sha256` is not 64 hexadecimal digits. */
export function checkedSha256(sha256: string): string {
  if (isSha256(sha256)) return sha256.toLowerCase();
  throw refused("sha256", "64 hexadecimal digits", sha256);
}

export const isSha256 = (text: string): boolean => /^[0-9a-f]{64}$/i.test(text);

/** The error of a page without a secure context, which lacks `what`. */
export const insecureContext = (what: string): GenError =>
  new GenError(
    "insecure-context",
    `model files need ${what}, which pages have in a secure context: open this page over https or from localhost`,
  );
