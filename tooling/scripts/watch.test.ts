// The watch mode, in the tree itself: a file gets a new date, and its content stays.
import { spawn } from "node:child_process";
import { readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "./shell.mjs";

it.runIf(process.env.GEN_TEST_ALL === "1")(
  "runs what a change touches, its own package first, in seconds",
  async () => {
    const script = join(root, "tooling", "scripts", "watch.mjs");
    const env = { ...process.env, NO_COLOR: "1", VITEST: undefined, CI: "1" };
    const child = spawn(process.execPath, [script], { cwd: root, env });
    let printed = "";
    const until = (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const look = (text = "") => {
          printed += text;
          const found = pattern.exec(printed);
          if (found) resolve(found);
        };
        child.stdout.on("data", look);
        child.stderr.on("data", look);
        child.once("close", () => reject(new Error(printed)));
        look();
      });
    try {
      await until(/watching \d+ folders/);
      const file = join(root, "packages", "figures", "src", "class-colors.ts");
      const text = readFileSync(file, "utf8");
      utimesSync(file, new Date(), new Date());
      const [, count, seconds] = await until(
        /(\d+) test files of packages\/figures\/ after ([\d.]+) s/,
      );
      console.log(`${count} test files after ${seconds} s`);
      expect(Number(seconds)).toBeLessThan(60);
      expect(printed).toContain("packages/figures/test/");
      expect(printed).not.toContain("packages/math/test/");
      expect(readFileSync(file, "utf8")).toBe(text);
    } finally {
      child.kill();
    }
  },
);
