import type { RunProgress } from "./model-work.ts";

type Download = Extract<RunProgress, { doing: "download" }>;

/** Adds up the files that are downloaded at once. The path is of the file with the most bytes left. */
export function downloadSum() {
  const files = new Map<string, Download>();
  return (now: Download): Download => {
    files.set(now.path, now);
    const all = [...files.values()];
    const left = ({ total = Number.POSITIVE_INFINITY, loaded }: Download) => total - loaded;
    const { path } = all.reduce((most, each) => (left(each) > left(most) ? each : most));
    const times = all.filter((each) => left(each) > 0).map(({ secondsLeft }) => secondsLeft);
    const total = all.reduce<number | undefined>(
      (sum, each) => (sum === undefined || each.total === undefined ? undefined : sum + each.total),
      0,
    );
    const isKnown = times.every((time) => time !== undefined);
    return {
      ...{ doing: "download", path, total },
      loaded: all.reduce((sum, { loaded }) => sum + loaded, 0),
      secondsLeft: isKnown ? Math.max(0, ...times) : undefined,
    };
  };
}
