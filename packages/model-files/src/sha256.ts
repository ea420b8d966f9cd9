import { GenError } from "@gen/math";

/** SHA-256 as 64 lower-case hexadecimal digits. */
export async function sha256Of(content: Uint8Array | string): Promise<string> {
  const { crypto } = globalThis as { crypto?: { subtle?: Digester } };
  if (!crypto?.subtle) {
    throw new GenError(
      "insecure-context",
      "model files need SHA-256, which pages have in a secure context: open this one over https or from localhost",
    );
  }
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

interface Digester {
  digest(algorithm: string, bytes: Uint8Array): Promise<ArrayBuffer>;
}

/** @throws RangeError when it is not 64 hexadecimal digits. */
export function checkedSha256(sha256: string): string {
  if (isSha256(sha256)) return sha256.toLowerCase();
  throw new RangeError(`sha256 must be 64 hexadecimal digits, got ${sha256}`);
}

export const isSha256 = (text: string): boolean => /^[0-9a-f]{64}$/i.test(text);
