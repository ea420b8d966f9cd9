import MiniSearch, { type Query, type SearchResult } from "minisearch";
import { aliases } from "./aliases.ts";
import { joined, nameWords, termsOf, tokensOf, type Word, wordsOf } from "./words.ts";

/*
 * One index over the sections of both languages. A query is a list of words that must all occur: a
 * word is a name with its aliases, or a word that may be spelled differently. If no section has all
 * words, sections with at least half of them are found.
 */

/** A section of a page. */
export interface Section {
  /** The page's path and the anchor, such as `zh/lessons/dice#exercises`. */
  readonly id: string;
  readonly title: string;
  /** The titles above this one, the page's first. */
  readonly titles: readonly string[];
  /** The topics of a page, at its first section. */
  readonly topics: string;
  readonly text: string;
  /** The names and commands of the section's code. */
  readonly code: string;
  readonly excerpt: string;
}

/** A found page, at its best section. */
export interface Found {
  /** As a section's `id`. */
  readonly id: string;
  readonly page: string;
  readonly language: Language;
  readonly titles: readonly string[];
  readonly title: string;
  readonly excerpt: string;
  score: number;
  /** The words of the section's texts that were found, to mark them. */
  readonly words: readonly string[];
}

export type Language = "en" | "zh";

/** A loaded index. */
export type SearchIndex = MiniSearch<Section>;

const options = {
  fields: ["title", "topics", "titles", "text", "code"],
  storeFields: ["title", "titles", "excerpt"],
  // Numbers in texts are many, and few look for them.
  tokenize: (text: string, field?: string) =>
    termsOf(text).filter((term) => field !== "text" || !/^\d+$/.test(term)),
  processTerm: (term: string) => term,
  extractField: (section: Section, field: string) =>
    field === "titles" ? section.titles.join("\n") : section[field as "title"],
};

export function buildIndex(sections: readonly Section[]): string {
  const index = new MiniSearch<Section>(options);
  index.addAll(sections);
  return JSON.stringify(index);
}

/** Loads the index in short parts, between which the page stays responsive. */
export const loadIndex = (json: string): Promise<SearchIndex> =>
  MiniSearch.loadJSONAsync<Section>(json, options);

/** The most pages of the reader's language, and of the other one. */
const MOST = { own: 12, other: 4 };

/** Fewer pages than this are followed by pages with a part of the query's words. */
const FEW = 3;

/** The pages that a query finds: those of the reader's language, then those of the other one. */
export function search(index: SearchIndex, query: string, language: Language): Found[] {
  const concepts = conceptsOf(query);
  const pages: Found[] = [];
  const of = (own: boolean) => pages.filter((page) => (page.language === language) === own);
  for (const step of STEPS) {
    if (of(true).length >= FEW || (step.isLast && pages.length > 0)) break;
    const known = new Set(pages.map(({ page }) => page));
    const found = pagesOf(sectionsWith(index, concepts, step));
    pages.push(...found.filter(({ page }) => !known.has(page)));
  }
  return [...of(true).slice(0, MOST.own), ...of(false).slice(0, MOST.other)].map((found) => ({
    ...found,
    excerpt: found.excerpt || excerptOfTwin(index, found.id),
  }));
}

/** The excerpt of a section of the Chinese reference that is not yet translated. */
function excerptOfTwin(index: SearchIndex, id: string): string {
  const { excerpt = "" } = index.getStoredFields(id.replace(/^zh\//, "")) ?? {};
  return String(excerpt);
}

/** The share of a word's letters that may differ. */
const FUZZY = 0.2;

/** How strictly to search. Each step is tried if those before found too few pages. */
interface Step {
  /** The share of the query's concepts that a section must have, or its page. */
  readonly share: number;
  readonly of: "section" | "page";
  readonly fuzzy: number;
  readonly isLast?: boolean;
}

const STEPS: readonly Step[] = [
  { share: 1, of: "section", fuzzy: 0 },
  { share: 1, of: "page", fuzzy: 0 },
  { share: 1, of: "section", fuzzy: FUZZY },
  { share: 0.5, of: "section", fuzzy: 0 },
  { share: 0.5, of: "section", fuzzy: FUZZY, isLast: true },
];

const searchOptions = (fuzzy: number) => ({
  boost: { title: 5, topics: 6, titles: 2, text: 1, code: 0.5 },
  tokenize: (term: string) => [term],
  prefix: (term: string) => (/^[a-z]/.test(term) ? term.length > 2 : term.length === 1),
  fuzzy: (term: string) => (/^[a-z]{5,}$/.test(term) ? fuzzy : false),
  weights: { fuzzy: 0.2, prefix: 0.4 },
  boostDocument: (id: string) => factorOf(id),
});

const pageOf = (id: string): string => id.replace(/#.*$/, "");
const kindOf = (page: string): string => page.replace(/^zh\//, "").replace(/\/.*/, "");

/** Ideas are in lessons, tasks in the guide. Lists and the reference repeat their words most. */
function factorOf(id: string): number {
  const page = pageOf(id).replace(/^zh\//, "");
  if (/^(lessons\/index|reference\/[\w-]+)$/.test(page)) return 0.5;
  const isWhole = id.includes("#") ? 1 : 1.3;
  if (/^guide\/(benchmarks|conformance|limits|operations|versions)$/.test(page))
    return 0.6 * isWhole;
  return ({ lessons: 1.4, guide: 1.2, reference: 0.8 }[kindOf(page)] ?? 0.8) * isWhole;
}

/** A name of a concept is worth more as the reader wrote it. */
const OTHER_NAME = 0.7;

/** The sections with a share of the concepts. */
function sectionsWith(
  index: SearchIndex,
  concepts: readonly Concept[],
  { share, of, fuzzy }: Step,
): SearchResult[] {
  const found = new Map<string, SearchResult>();
  const counted = new Map<string, Set<Concept>>();
  const placeOf = (id: string) => (of === "page" ? pageOf(id) : id);
  for (const concept of concepts) {
    for (const [id, result] of sectionsOf(index, concept, fuzzy)) {
      const before = found.get(id);
      const score = result.score + (before?.score ?? 0);
      found.set(id, { ...result, score, match: { ...before?.match, ...result.match } });
      counted.set(placeOf(id), (counted.get(placeOf(id)) ?? new Set()).add(concept));
    }
  }
  return [...found.values()].flatMap((result) => {
    const part = (counted.get(placeOf(result.id))?.size ?? 0) / concepts.length;
    return part < share ? [] : [{ ...result, score: result.score * part ** 2 }];
  });
}

/** The sections with a concept, by the name that fits best. */
function sectionsOf(index: SearchIndex, concept: Concept, fuzzy: number) {
  const best = new Map<string, SearchResult>();
  for (const [i, words] of concept.entries()) {
    for (const result of index.search(treeOf(words), searchOptions(fuzzy))) {
      const score = (result.score * (i === 0 ? 1 : OTHER_NAME)) / termCount(words);
      const before = best.get(result.id);
      const match = { ...before?.match, ...result.match };
      best.set(result.id, { ...result, match, score: Math.max(score, before?.score ?? 0) });
    }
  }
  return best;
}

/** Chinese names have more terms, and are not worth more. */
const termCount = (words: readonly Word[]) =>
  words.map(({ forms: [terms] }) => terms.length).reduce((sum, count) => sum + count, 0);

/** All words, each in one of its forms. */
const treeOf = (words: readonly Word[]): Query => ({
  combineWith: "AND",
  queries: words.map(({ forms }) => ({
    combineWith: "OR",
    queries: forms.map((terms) => ({ combineWith: "AND", queries: [...terms] })),
  })),
});

/** A concept of a query: its names, each of which is a list of words. The reader's is the first. */
type Concept = readonly (readonly Word[])[];

const names = aliases
  .flatMap((group) => group.map((name) => ({ name, group, tokens: tokensOf(name) })))
  .sort((a, b) => b.name.length - a.name.length);

function conceptsOf(query: string): Concept[] {
  const tokens = tokensOf(query);
  const rest = (parts: typeof tokens): Concept[] => {
    if (parts.length === 0) return [];
    for (const { name, group, tokens } of names) {
      const start = parts.findIndex((_, i) =>
        tokens.every(({ stem }, j) => stem === parts[i + j]?.stem),
      );
      if (start < 0) continue;
      const all = [name, ...group.filter((other) => other !== name)];
      const after = parts.slice(start + tokens.length);
      return [...rest(parts.slice(0, start)), all.map(nameWords), ...rest(after)];
    }
    return wordsOf(joined(parts)).map((word) => [[word]]);
  };
  const concepts = rest(tokens);
  const telling = concepts.filter(([[word], ...others]) => others.length > 0 || !word.isStop);
  return telling.length > 0 ? telling : concepts;
}

/** A second page of one kind counts less than the first, so that readers see all kinds. */
const NEXT_OF_KIND = 0.5;

/** The pages of sections, each at its best section. Two more sections add a little. */
function pagesOf(results: readonly SearchResult[]): Found[] {
  const pages = new Map<string, { found: Found; more: number }>();
  for (const { id, score, match, title, titles, excerpt } of results.toSorted(byScore)) {
    const page = pageOf(id);
    const known = pages.get(page);
    if (known) {
      if (known.more++ < 2) known.found.score += 0.1 * score;
      continue;
    }
    const language = page.startsWith("zh/") ? "zh" : "en";
    const above = titles === "" ? [] : titles.split("\n");
    const words = Object.keys(match);
    const found = { id, page, language, titles: above, title, excerpt, score, words } as const;
    pages.set(page, { found: { ...found }, more: 0 });
  }
  const counts = new Map<string, number>();
  return [...pages.values()]
    .map(({ found }) => found)
    .sort(byScore)
    .map((found) => {
      const kind = `${found.language} ${kindOf(found.page)}`;
      const count = counts.get(kind) ?? 0;
      counts.set(kind, count + 1);
      return { ...found, score: found.score * NEXT_OF_KIND ** count };
    })
    .sort(byScore);
}

const byScore = (a: { score: number }, b: { score: number }) => b.score - a.score;
