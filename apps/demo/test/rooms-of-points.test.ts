import { afterAll, beforeAll, describe } from "vitest";
import { compareTests } from "./compare-tests.ts";
import { buildDemo } from "./demo-page.ts";
import { raceTests } from "./race-tests.ts";
import { steerTests } from "./steer-tests.ts";

let demo: Awaited<ReturnType<typeof buildDemo>>;
beforeAll(async () => {
  demo = await buildDemo();
});
afterAll(() => demo?.remove());

const folder = () => demo.folder;
describe("DDPM | DDIM", () => compareTests(folder));
describe("Steer", () => steerTests(folder));
describe("Race", () => raceTests(folder));
