import { digits, fashionMnist } from "@gen/data";

const hash = async ({ data }) => {
  const bytes = await crypto.subtle.digest("SHA-256", Uint8Array.from(data));
  return Array.from(new Uint8Array(bytes), (v) => v.toString(16).padStart(2, "0")).join("");
};

/** SHA-256 of the pixels of the images that @gen/data has as modules. */
export async function imageHashes() {
  return {
    digits: await hash(await digits()),
    fashionMnist: await hash(await fashionMnist({ split: "test" })),
  };
}
