import { exposeTfjsUnet } from "./tfjs-unet.mjs";

await exposeTfjsUnet({ byHand: false });
