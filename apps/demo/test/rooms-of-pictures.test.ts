import { afterAll, beforeAll, describe } from "vitest";
import { buildDemo } from "./demo-page.ts";
import { imagesTests } from "./images-tests.ts";
import { latentTests } from "./latent-tests.ts";
import { modelTests } from "./model-tests.ts";

let demo: Awaited<ReturnType<typeof buildDemo>>;
beforeAll(async () => {
  demo = await buildDemo();
});
afterAll(() => demo?.remove());

const folder = () => demo.folder;
describe("Latent", () => latentTests(folder));
describe("Images", () => imagesTests(folder));
describe("Your model", () => modelTests(folder));
