// @ts-check
// Prints the milliseconds of the first table that this process makes: `node first-table.mjs schedule|ddim`.
import { ddimSteps } from "@gen/ddim";
import { linearSchedule } from "@gen/schedules";
import { allTables } from "./tables.mjs";

const schedule = process.argv[2] === "ddim" ? linearSchedule() : undefined;
const start = performance.now();
if (schedule) ddimSteps(schedule, { steps: 1000 });
else allTables(linearSchedule());
console.log(performance.now() - start);
