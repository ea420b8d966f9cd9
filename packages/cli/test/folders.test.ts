import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { readSafetensors, writeSafetensors } from "@gen/data";
import { beforeAll, describe, expect, test } from "vitest";
import { expectRefusal, gen, interruptGen, runJson, scratch } from "./gen.ts";

const { at, files } = scratch();
const small = ["--data", "two-moons", "--batch", "16", "--width", "16"];
const train = ["train", "ddpm", ...small];
const steps = ["--steps", "60", "--save-every", "0"];
const state = "training/state.safetensors";
const record = "training/training.json";
const results = ["unet/model.onnx", state, "loss.png"];
const same = (a: string, b: string) =>
  results.map((path) => readFileSync(`${a}/${path}`).equals(readFileSync(`${b}/${path}`)));
const untouched = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [name, readFileSync(`${parentPath}/${name}`, "base64")]),
  );

let whole = "";
beforeAll(async () => {
  whole = at("whole");
  await runJson(...train, ...steps, "--out", whole);
});

/** A copy of the finished training. */
function copy(name: string): string {
  cpSync(whole, at(name), { recursive: true });
  return at(name);
}

/** The record of a training, to be changed. */
interface Saved {
  readonly history: { losses?: object };
  readonly state: object;
}

function flipBit(path: string, place = 0.5): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(place * bytes.length)] ^= 4;
  writeFileSync(path, bytes);
}

/** The lock of a process that runs, or of one that has ended. */
const lock = (fields: Record<string, unknown>) =>
  JSON.stringify({ pid: process.pid, host: hostname(), since: "2026-01-02T03:04:05Z", ...fields });
const built = fileURLToPath(new URL("../dist/gen.js", import.meta.url));
const canMount = spawnSync("unshare", ["-m", "true"]).status === 0;
const noProcess = 4194304 + 7;

describe.concurrent("a damaged save", () => {
  const damages: [name: string, damage: (folder: string) => void, problem: RegExp][] = [
    [
      "with a flipped bit in the state",
      (f) => flipBit(`${f}/${state}`),
      /state\.safetensors is damaged: its SHA-256/,
    ],
    [
      "with a flipped bit in the header of the state",
      (f) => flipBit(`${f}/${state}`, 0.01),
      /state\.safetensors is damaged: its SHA-256/,
    ],
    [
      "with a truncated state",
      (f) => writeFileSync(`${f}/${state}`, readFileSync(`${f}/${state}`).subarray(0, 500)),
      /state\.safetensors: truncated: 500 of \d+ bytes/,
    ],
    ["without its state", (f) => rmSync(`${f}/${state}`), /state\.safetensors is missing/],
    ["without its record", (f) => rmSync(`${f}/${record}`), /training\.json is missing/],
    [
      "with a changed record",
      (f) => {
        const text = readFileSync(`${f}/${record}`, "utf8");
        writeFileSync(`${f}/${record}`, text.replace('"seed":0', '"seed":1'));
      },
      /training\.json is damaged: its SHA-256/,
    ],
    [
      "with a truncated record",
      (f) => writeFileSync(`${f}/${record}`, readFileSync(`${f}/${record}`).subarray(0, 99)),
      /training\.json is damaged/,
    ],
  ];
  test.each(damages)("%s is replaced by the save before it", async (name, damage, problem) => {
    const folder = copy(`damaged ${name}`);
    damage(folder);
    const { code, stderr } = await gen([...train, ...steps, "--out", folder]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(problem);
    expect(stderr).toMatch(/^note: .*; the save before it, of step 50, is used$/m);
    expect(stderr).toContain("(resumed at step 50)");
    expect(same(folder, whole)).toEqual([true, true, true]);
  });

  test("without an intact save before it is refused, and nothing is overwritten", async () => {
    const folder = copy("damaged twice");
    flipBit(`${folder}/${state}`);
    flipBit(`${folder}/training/previous.safetensors`);
    const before = untouched(folder);
    await expectRefusal(
      [...train, ...steps, "--out", folder],
      /state\.safetensors is damaged.*, and the save before it is damaged too; pass --force/,
    );
    expect(untouched(folder)).toEqual(before);
  });

  test("of a finished model: its missing and damaged files are written again", async () => {
    const folder = copy("incomplete");
    rmSync(`${folder}/loss.png`);
    flipBit(`${folder}/unet/model.onnx`);
    const { code, stderr } = await gen([...train, ...steps, "--out", folder]);
    expect([code, stderr]).toEqual([
      0,
      "note: the model was trained already; written again: unet/model.onnx, loss.png\n",
    ]);
    expect(same(folder, whole)).toEqual([true, true, true]);
    await expectRefusal([...train, ...steps, "--out", folder], /holds this model already/);
  });

  const fieldFaults: [field: string, change: (saved: Saved) => void, problem: string][] = [
    ["history.losses", ({ history }) => delete history.losses, "an object, got nothing"],
    [
      "history.losses.loss",
      ({ history }) => Object.assign(history.losses as object, { loss: 5 }),
      "an array of 6 numbers, got 5",
    ],
    [
      "history.losses.loss",
      ({ history }) => Object.assign(history, { losses: {} }),
      "an array of 6 numbers, got nothing",
    ],
    ["history", (saved) => Object.assign(saved, { history: [] }), "an object, got []"],
    [
      "history.steps",
      ({ history }) => Object.assign(history, { steps: ["a"] }),
      'an array of whole numbers, got ["a"]',
    ],
    [
      "kind",
      (saved) => Object.assign(saved, { kind: "gan" }),
      'vae, ddpm or classifier, got "gan"',
    ],
    ["settings", (saved) => Object.assign(saved, { settings: null }), "an object, got null"],
    ["step", (saved) => Object.assign(saved, { step: -1 }), "a whole number of at least 0, got -1"],
    [
      "seconds",
      (saved) => Object.assign(saved, { seconds: "1" }),
      'a number of at least 0, got "1"',
    ],
    ["state.sha256", (saved) => Object.assign(saved.state, { sha256: 1 }), "a text, got 1"],
  ];
  test.each(fieldFaults)(
    "with a wrong %s is refused in one line (%#)",
    async (field, change, problem) => {
      const folder = copy(`wrong ${problem.replace(/\W/g, " ")}`);
      for (const name of ["previous.json", "previous.safetensors"])
        rmSync(`${folder}/training/${name}`);
      const saved = JSON.parse(readFileSync(`${folder}/${record}`, "utf8"));
      change(saved);
      writeFileSync(`${folder}/${record}`, JSON.stringify(saved));
      const { code, stderr } = await gen([...train, ...steps, "--out", folder]);
      expect([code, stderr]).toEqual([
        2,
        `gen: ${folder}/${record} is damaged: ${field} must be ${problem}; pass --force to train again\n`,
      ]);
    },
  );

  test("is the first one, cut off before its record: the training starts again", async () => {
    const folder = copy("first save");
    const { history, settings, ...rest } = JSON.parse(readFileSync(`${folder}/${record}`, "utf8"));
    const start = { kind: rest.kind, settings, step: 0, steps: 60, seconds: 0, backend: "" };
    const empty = { ...start, history: { steps: [], losses: {} } };
    for (const name of ["previous.json", "previous.safetensors"])
      rmSync(`${folder}/training/${name}`);
    writeFileSync(`${folder}/${record}`, JSON.stringify(empty));
    const { code, stderr } = await gen([...train, ...steps, "--out", folder]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(
      /^note: .*first save holds no saved step yet; the training starts at step 0$/m,
    );
    expect(same(folder, whole)).toEqual([true, true, true]);
  });

  test("of a VAE with wrong settings is refused for latent diffusion in one line", async () => {
    const vae = at("vae");
    const sizes = ["--width", "16", "--batch", "16", "--steps", "10"];
    await runJson("train", "vae", "--data", "digits", ...sizes, "--out", vae);
    const text = readFileSync(`${vae}/${record}`, "utf8");
    const faults: [change: object, problem: string][] = [
      [
        { shape: "x" },
        'training.json is damaged: settings.shape must be an array of sizes, got "x"',
      ],
      [
        { network: 5 },
        "training.json is damaged: settings.network must be mlp, conv or residual, got 5",
      ],
      [{ width: -1 }, "settings.width must be a whole number in [1, 8192], got -1"],
      [{ latent: undefined }, "settings.latent must be a whole number in [1, 4096], got nothing"],
      [{ width: 32 }, `--vae ${vae}: weight encoder.layers.0.weight must have shape [32, 64]`],
    ];
    for (const [change, problem] of faults) {
      const { sha256, settings, ...rest } = JSON.parse(text);
      const changed = { ...rest, settings: { ...settings, ...change } };
      writeFileSync(`${vae}/${record}`, JSON.stringify(changed));
      const { code, stderr } = await gen([
        ...["train", "ddpm", "--data", "digits", "--vae", vae],
        ...["--steps", "1", "--out", at("latents")],
      ]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    }
  });
});

describe.concurrent("the lock of a folder", () => {
  test("refuses a second training, which changes nothing", async () => {
    const folder = at("busy");
    let second: ReturnType<typeof gen> | undefined;
    const args = [...train, "--steps", "4000", "--out", folder];
    const first = await gen(args, {
      onStderr(text, child) {
        if (second || !/% *, .* left/.test(text)) return;
        second = gen(args).finally(() => child.kill("SIGINT"));
      },
    });
    expect(first.code, first.stderr).toBe(130);
    const refused = await second;
    expect(refused?.code).toBe(2);
    expect(refused?.stderr).toMatch(
      /^gen: --out .*busy is in use by process \d+ on \S+ since 2\d{3}-\d\d-\d\d [\d:]{8} UTC \(.* ago\); wait, or choose another folder\n$/,
    );
    expect(files("busy")).not.toContain(".gen-lock");
  });

  test.each([
    ["an ended process", { pid: noProcess }],
    ["an earlier process of the same id", { started: "12" }],
    ["a process before the system's restart", { pid: 1, boot: "another" }],
  ])("of %s is taken over, with a note", async (name, fields) => {
    const folder = at(`left by ${name}`);
    mkdirSync(folder);
    writeFileSync(`${folder}/.gen-lock`, lock(fields));
    const { code, stderr } = await gen([...train, ...steps, "--out", folder]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(
      /^note: .* was left locked by process \d+ on .* since 2026-01-02 03:04:05 UTC \(.* ago\), which has ended; its lock is taken over$/m,
    );
    expect(same(folder, whole)).toEqual([true, true, true]);
    expect(readdirSync(folder).filter((file) => file.startsWith(".gen"))).toEqual([]);
  });

  test.each([
    [
      "another host",
      lock({ host: "elsewhere" }),
      /on elsewhere since .*; if that process has ended, delete .*\.gen-lock/,
    ],
    ["another container", lock({ container: "pid:[1]" }), /; if that process has ended, delete/],
    ["nobody", "{", /\.gen-lock is damaged.*delete it/],
  ])("of %s is not taken over", async (name, text, message) => {
    const folder = at(`lock of ${name}`);
    mkdirSync(folder);
    writeFileSync(`${folder}/.gen-lock`, text);
    await expectRefusal([...train, ...steps, "--out", folder], message);
    expect(readFileSync(`${folder}/.gen-lock`, "utf8")).toBe(text);
    expect(readdirSync(folder)).toEqual([".gen-lock"]);
  });

  test("of an ended process is taken over by one of several", async () => {
    const folder = at("raced");
    mkdirSync(folder);
    writeFileSync(`${folder}/.gen-lock`, lock({ pid: noProcess }));
    const args = [...train, "--steps", "60000", "--out", folder];
    let refused = 0;
    const children: ChildProcess[] = [];
    const stop = () => {
      if (refused === 3) for (const child of children) child.kill("SIGINT");
    };
    const ran = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const result = await gen(args, {
          onStderr(_, child) {
            if (!children.includes(child)) children.push(child);
          },
        });
        if (result.code === 2) refused++;
        stop();
        return result;
      }),
    );
    expect(ran.map(({ code }) => code).sort()).toEqual([130, 2, 2, 2].sort());
    for (const { code, stderr } of ran)
      if (code === 2) expect(stderr).toMatch(/^gen: --out .*raced is in use by process \d+/);
  });

  test("of a quickstart refuses another quickstart", async () => {
    const folder = at("quick");
    mkdirSync(folder);
    writeFileSync(`${folder}/.gen-lock`, lock({ started: undefined }));
    await expectRefusal(["quickstart", "--out", folder], /quick is in use by process/);
  });
});

describe.concurrent("no write follows a link", () => {
  test.each([
    ["train ddpm", ["--data", "two-moons", "--steps", "1"]],
    ["quickstart", []],
    ["sample", ["--force", "--count", "4", "--steps", "1"]],
  ])("of %s: a folder that is a link, or behind one, is refused", async (command, flags) => {
    const own = `links of ${command}`;
    mkdirSync(at(own, "real"), { recursive: true });
    symlinkSync(at(own, "real"), at(own, "link"));
    const args = [...command.split(" "), ...flags];
    if (command === "sample") args.push("--model", whole);
    for (const out of [at(own, "link"), at(own, "link", "deeper")])
      await expectRefusal(
        [...args, "--out", out],
        /--out: .*link is a link to .*real, .*give the folder's own path/,
      );
    expect(readdirSync(at(own, "real"))).toEqual([]);
  });

  test("a folder within the training's folder that is a link is refused", async () => {
    const folder = at("linked parts");
    mkdirSync(at("target"));
    await interruptGen([...train, "--steps", "4000", "--save-every", "0", "--out", folder], /left/);
    rmSync(`${folder}/unet`, { recursive: true });
    symlinkSync(at("target"), `${folder}/unet`);
    const { code, stderr } = await gen([
      ...[...train, "--steps", "4000", "--save-every", "0"],
      ...["--out", folder],
    ]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/unet is a link to .*target/)]);
    expect(readdirSync(at("target"))).toEqual([]);
  });

  test("a link in the place of a file is replaced, and its target stays", async () => {
    writeFileSync(at("letter.txt"), "mine");
    symlinkSync(at("letter.txt"), at("picture.npy"));
    symlinkSync(at("nowhere.txt"), at("dangling.npy"));
    const sample = ["sample", "--model", whole, "--count", "4", "--steps", "1", "--out"];
    await expectRefusal([...sample, at("dangling.npy")], /dangling\.npy exists already/);
    await runJson(...sample, at("picture.npy"), "--force");
    expect(readFileSync(at("letter.txt"), "utf8")).toBe("mine");
    expect(statSync(at("picture.npy")).size).toBeGreaterThan(4);
    expect(existsSync(at("nowhere.txt"))).toBe(false);
  });
});

test("no read of a training follows a link out of the folder", async () => {
  const folder = copy("outside state");
  renameSync(`${folder}/${state}`, at("moved state"));
  symlinkSync(at("moved state"), `${folder}/${state}`);
  const { stderr } = await gen([...train, ...steps, "--out", folder]);
  expect(stderr).toMatch(
    /^note: .*state\.safetensors is a link that leads out of the folder; the save before/,
  );
});

describe.concurrent("a save without room", () => {
  test.runIf(process.platform === "linux")(
    "keeps the save before; the training goes on when there is room",
    async () => {
      const folder = copy("full");
      const saved = readFileSync(`${folder}/${record}`, "utf8");
      flipBit(`${folder}/${state}`);
      const limited = spawn("sh", [
        "-c",
        'ulimit -f 4; exec "$@"',
        "sh",
        ...[process.execPath, built, ...train, ...steps, "--out", folder],
      ]);
      let stderr = "";
      limited.stderr.on("data", (text) => {
        stderr += text;
      });
      const code = await new Promise((resolve) => limited.once("close", resolve));
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(
          /gen: .*full\/unet\/model\.onnx cannot be written: the limit on the size of a file is reached \(\d+ bytes are wanted, \d+ are free\); the save of step 50 in .*full is kept, and the same command continues once there is room\n$/,
        ),
      ]);
      expect(files("full").filter((name) => name.includes(".gen-"))).toEqual([]);
      expect(saved).not.toBe(readFileSync(`${folder}/${record}`, "utf8"));
      const { code: after, stderr: rest } = await gen([...train, ...steps, "--out", folder]);
      expect(after, rest).toBe(0);
      expect(same(folder, whole)).toEqual([true, true, true]);
    },
  );

  test.runIf(canMount)("on a full disk, and on one that is read-only", async () => {
    const folder = copy("small disk");
    flipBit(`${folder}/${state}`);
    mkdirSync(at("disk"));
    // The mount belongs to the shell, and ends with it.
    const script = `
      mount -t tmpfs -o size=1m none "$DISK"
      cp -r "$FROM" "$DISK/old"
      head -c 2m /dev/zero >"$DISK/filler" 2>/dev/null
      truncate -s -12288 "$DISK/filler"
      "$@" --out "$DISK/old"; echo "code $?" >&2
      "$@" --out "$DISK/new"; echo "code $?" >&2
      ls -A "$DISK" >&2
      mount -o remount,ro "$DISK"
      "$@" --out "$DISK/old"; echo "code $?" >&2
      mount -o remount,rw "$DISK"
      rm "$DISK/filler"
      "$@" --out "$DISK/old"; echo "code $?" >&2
      "$@" --out "$DISK/new"; echo "code $?" >&2
      cp -r "$DISK/old" "$DISK/new" "$TO"`;
    mkdirSync(at("saved"));
    const env = { ...process.env, DISK: at("disk"), FROM: folder, TO: at("saved") };
    const args = ["-m", "sh", "-c", script, "sh", process.execPath, built, ...train, ...steps];
    const { status, stderr } = spawnSync("unshare", args, { env, encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const lines = stderr.split("\n").filter((line) => /^(gen: |code |filler|new|old)/.test(line));
    const full = "the disk is full \\(\\d+ bytes are wanted, \\d+ are free\\)";
    const again = "and the same command continues once there is room";
    expect(lines).toEqual([
      expect.stringMatching(
        `^gen: .*/old/\\S+ cannot be written: ${full}; the save of step 50 in .*/old is kept, ${again}$`,
      ),
      "code 1",
      expect.stringMatching(
        `^gen: .*/new/\\S+ cannot be written: ${full}; no step was saved before, ${again}$`,
      ),
      "code 1",
      "filler",
      "old",
      expect.stringMatching(/^gen: --out: the folder .*old cannot be written \(EROFS\)/),
      "code 2",
      "code 0",
      "code 0",
    ]);
    for (const line of [lines[0], lines[2]]) {
      const [wanted, free] = Array.from(line.matchAll(/(\d+) (?:bytes )?are/g), ([, n]) =>
        Number(n),
      );
      expect(wanted, line).toBeGreaterThan(free);
    }
    for (const name of ["old", "new"])
      expect(same(at("saved", name), whole)).toEqual([true, true, true]);
  });

  test.runIf(process.platform === "linux").each([
    ["2>/dev/full", 0],
    [">/dev/full", 1],
    ["2>&1 | head -1 >&2", 0],
    ["2>&- >&-", 0],
  ])("on the streams, %s, loses no training", (streams, code) => {
    const folder = at(`streams ${streams.replace(/\W/g, "")}`);
    const command = `"$@" ${streams}`;
    const args = [process.execPath, built, ...train, ...steps, "--out", folder];
    let found = 0;
    try {
      execFileSync("sh", ["-c", command, "sh", ...args], { stdio: "ignore" });
    } catch (error) {
      found = (error as { status: number }).status;
    }
    expect(found).toBe(code);
    expect(same(folder, whole)).toEqual([true, true, true]);
  });
});

test("a training that diverges keeps the last save, and the line names flags of gen", async () => {
  const folder = copy("diverged");
  const [previous, old] = ["training/previous.json", "training/previous.safetensors"];
  const { tensors, metadata } = readSafetensors(readFileSync(`${folder}/${old}`));
  // Finite weights whose outputs are not.
  for (const [name, { data }] of Object.entries(tensors))
    if (name.startsWith("weights/")) (data as Float32Array).fill(3e38);
  writeFileSync(`${folder}/${state}`, writeSafetensors(tensors, metadata));
  const { state: _, sha256, ...saved } = JSON.parse(readFileSync(`${folder}/${previous}`, "utf8"));
  writeFileSync(`${folder}/${record}`, JSON.stringify(saved));
  for (const path of [previous, old]) rmSync(`${folder}/${path}`);
  const before = untouched(folder);
  const { code, stderr } = await gen([...train, ...steps, "--out", folder]);
  expect([code, stderr.split("\n").at(-2)]).toEqual([
    1,
    expect.stringMatching(
      /^gen: loss is (NaN|Infinity) at step 60; the first weight that is not finite is layers\.0\.weight; the save of step 50 in .*diverged is kept; a smaller --learning-rate into another --out may help$/,
    ),
  ]);
  expect(untouched(folder)).toEqual(before);
});

test("a folder that is removed during a training is made again", async () => {
  const folder = at("removed");
  let removed = false;
  const { code, stderr } = await gen([...train, "--steps", "3000", "--out", folder], {
    onStderr(text) {
      if (removed || !/% *, .* left/.test(text)) return;
      removed = true;
      rmSync(folder, { recursive: true });
    },
  });
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/note: .*removed was removed during the training; it is made again/);
  expect(existsSync(`${folder}/${state}`)).toBe(true);
});

test("--out that is a file is refused in one line", async () => {
  writeFileSync(at("file"), "mine");
  appendFileSync(at("file"), "!");
  for (const command of [train, ["quickstart"]])
    await expectRefusal(
      [...command, "--out", at("file")],
      /--out .*file must be a folder, got a file/,
    );
  expect(readFileSync(at("file"), "utf8")).toBe("mine!");
});
