interface Host {
  TextEncoder: new () => { encode(text: string): Uint8Array };
  TextDecoder: new (
    label: string,
    options: { fatal: boolean },
  ) => { decode(bytes: Uint8Array): string };
}

/** The UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array =>
  new (globalThis as unknown as Host).TextEncoder().encode(text);

/** The text of UTF-8 bytes. @throws TypeError when they are not UTF-8. */
export const utf8Text = (bytes: Uint8Array): string =>
  new (globalThis as unknown as Host).TextDecoder("utf-8", { fatal: true }).decode(bytes);
