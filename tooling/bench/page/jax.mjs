// A page's side of jax-js.
import { jaxUnet } from "../peers/jax-unet.mjs";
import { benchUnet, size, weightsOf } from "../unet.mjs";
import { expose } from "./expose.mjs";

expose(jaxUnet(weightsOf(benchUnet()), size));
