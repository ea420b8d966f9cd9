/*
 * The page "Conformance": what the tests replay from other libraries. The cases are counted in the
 * files of reference values, and the versions are those that the files name.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { otherDifferences } from "./conformance-differences.ts";
import type { ConformanceRow } from "./conformance-row.ts";
import { conformanceRows } from "./conformance-rows.ts";
import { type Language, markdownTable } from "./written-parts.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const words = {
  en: {
    head: ["what", "from", "cases", "within", "test"],
    equal: "equal",
    differences: ["library", "difference and reason", "source"],
    classes: ["class", "cases", "refused there"],
  },
  zh: {
    head: ["内容", "来源", "例数", "误差上限", "测试"],
    equal: "相等",
    differences: ["库", "差别与理由", "源码"],
    classes: ["类", "例数", "该类拒绝或失败"],
  },
} as const satisfies Record<Language, object>;

/** The files of a pattern, whose parts may have stars. */
export function filesOf(pattern: string): string[] {
  return pattern.split("/").reduce<string[]>(
    (folders, part, i, all) => {
      const parts = part.split("*").map((text) => text.replace(/[.+]/g, "\\$&"));
      const name = new RegExp(`^${parts.join(".*")}$`);
      return folders.flatMap((folder) =>
        readdirSync(`${root}${folder}`, { withFileTypes: true })
          .filter((entry) => name.test(entry.name) && entry.isDirectory() === i < all.length - 1)
          .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? "/" : ""}`)
          .sort(),
      );
    },
    [""],
  );
}

const textOf = (file: string): string => {
  const bytes = readFileSync(`${root}${file}`);
  return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
};

/** The libraries and versions that the head of a file names, such as `diffusers 0.39.0`. */
export function versionsIn(head: string): string[] {
  const commit = (name: string, pattern: RegExp) =>
    Array.from(head.matchAll(pattern), ([, hash, version]) =>
      [name, version ?? hash.slice(0, 7)].join(" "),
    );
  const released = Array.from(
    head.matchAll(
      /\b(diffusers|torch|PyTorch|pythae|transformers|peft|lion-pytorch|sentencepiece|mpmath|pytorch-fid|torch-fidelity|prdc|scikit-learn|POT|tensorboard)"?(?:==|: ?"| )v?(\d+(?:\.\d+)+(?:a\d)?|\d+ digits)/g,
    ),
    ([, name, version]) => `${name === "torch" ? "PyTorch" : name} ${version}`,
  );
  return [
    ...commit("diffusers", /huggingface\/diffusers (\w{40}) \(([\w.]+)\)/g),
    ...commit("guided-diffusion", /openai\/guided-diffusion (\w{40})/g),
    ...commit("Random123", /DEShawResearch\/random123 (\w{40})/g),
    ...commit("JAX", /jax-ml\/jax (\w{40})/g),
    ...(/numpy and scipy, as diffusers 0\.40/.test(head) ? ["diffusers 0.40, numpy"] : released),
  ];
}

/** A row's cases, and the versions of the libraries that made them. */
export function measured({ files, count, versions }: ConformanceRow) {
  const countOf = count ?? (({ cases }: { cases: readonly unknown[] }) => cases.length);
  const all = files.flatMap(filesOf).map((file) => ({ file, text: textOf(file) }));
  const used = all
    .map((one) => ({ ...one, cases: countOf(JSON.parse(one.text)) }))
    .filter(({ cases }) => cases > 0);
  const heads =
    versions === undefined
      ? used.map(({ text }) => text.slice(0, 3000))
      : [textOf(versions).slice(0, 400)];
  return {
    files: all.map(({ file }) => file),
    cases: used.reduce((sum, { cases }) => sum + cases, 0),
    // A file of small cases has its provenance last.
    versions: [
      ...new Set([...heads, ...used.map(({ text }) => text.slice(-300))].flatMap(versionsIn)),
    ],
  };
}

function tolerance({ within, unit }: ConformanceRow, language: Language): string {
  if (within === undefined) return words[language].equal;
  const text = unit?.[language] ?? "";
  if (!/^\d/.test(within)) return text;
  return `${within}${/^[;；（]|^$/.test(text) ? "" : " "}${text}`;
}

function rowOf(row: ConformanceRow, language: Language): string[] {
  const { cases, versions } = measured(row);
  return [
    row.what[language],
    versions.join(", "),
    cases.toLocaleString("en-US"),
    tolerance(row, language),
    `\`${row.test.replace(/^packages\//, "")}\``,
  ];
}

/** The cases of each scheduler class, and how many of them the class itself refuses. */
function classRows(): string[][] {
  return filesOf("packages/sampling/test/reference/schedulers/*.json").map((file) => {
    const { cases } = JSON.parse(textOf(file)) as { cases: { error?: string }[] };
    const refused = cases.filter(({ error }) => error !== undefined).length;
    const name = file.replace(/^.*\/|Scheduler\.json$/g, "");
    return [name, String(cases.length), String(refused)];
  });
}

/** The parts of the page in a language. */
export function conformanceParts(language: Language): Record<string, string> {
  const { head, differences, classes } = words[language];
  return {
    ...Object.fromEntries(
      Object.entries(conformanceRows).map(([group, rows]) => [
        group,
        markdownTable(
          head,
          rows.map((row) => rowOf(row, language)),
        ),
      ]),
    ),
    classes: markdownTable(classes, classRows()),
    differences: markdownTable(
      differences,
      otherDifferences.map(({ library, what, source }) => [
        library,
        what[language],
        `\`${source.replace(/^packages\//, "")}\``,
      ]),
    ),
  };
}
