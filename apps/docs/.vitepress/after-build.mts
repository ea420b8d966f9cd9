import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SiteConfig } from "vitepress";
import { llmsFullText, llmsText } from "./llms.mts";
import { checkDescriptions, pathOf, pictureOf, rendered } from "./metadata.mts";
import { writeSiteWorker } from "./offline.mts";
import { writeShareImages } from "./share-images.mts";
import { addressOf, version, versions } from "./site.mts";

/** What the build writes beside the pages. */
export async function afterBuild({ outDir }: SiteConfig): Promise<void> {
  checkDescriptions(rendered);
  const pages = rendered.map((each) => ({ ...each, address: addressOf(pathOf(each.page)) }));
  writeFileSync(join(outDir, "llms.txt"), llmsText(pages));
  writeFileSync(join(outDir, "llms-full.txt"), llmsFullText(pages));
  if (version === "next") writeFileSync(join(outDir, "versions.json"), JSON.stringify(versions));
  await writeShareImages(outDir, new Map(pages.map(({ page, title }) => [pictureOf(page), title])));
  await writeSiteWorker(outDir);
}
