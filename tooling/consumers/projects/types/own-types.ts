// With the DOM library or Node's types, a user has and gives that library's own types.
import { modelFiles } from "@gen/model-files";

const { signal } = new AbortController();
export const blob: Blob = await modelFiles().open(new URL("https://example.org/"), { signal });
// @ts-expect-error A number is no address.
await modelFiles().open(4);
// @ts-expect-error A text is no Blob.
export const wrong: string = blob;
