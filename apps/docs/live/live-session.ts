import { computed, reactive, ref } from "vue";
import type { Message } from "./messages.ts";
import { expressionOf } from "./result-lines.mjs";
import { type Ending, type Run, runCode } from "./run-code.ts";
import { type MessageOf, nothing, type ResultRow } from "./run-output.ts";
import type { LiveWords } from "./words.ts";

// All that a page loads when a reader runs an example for the first time.
export { default as CodeEditor } from "./code-editor.vue";
export { default as LiveOutput } from "./live-output.vue";

/** A run says so when it takes longer, in milliseconds. */
const LONG = 20_000;

/** Runs an example again and again. Has the last run's output, and its state in words. */
export function liveSession(site: string, words: LiveWords) {
  const output = reactive(nothing());
  const status = ref("");
  const running = ref(false);
  let run: Run | undefined;
  let slow: ReturnType<typeof setTimeout> | undefined;
  // Messages come in floods; the page changes once a frame.
  let waiting: Message[] = [];
  let drawn = 0;

  function flush(lines: readonly string[]): void {
    drawn = 0;
    for (const message of waiting) {
      if (message.kind === "log") output.logs.push(message);
      if (message.kind === "drawing") output.drawings.push(message);
      if (message.kind === "error" && output.errors.length < 20) output.errors.push(message);
      if (message.kind === "value") output.results.push(rowOf(message, lines));
    }
    waiting = [];
  }

  function start(code: string): void {
    stop();
    const lines = code.split("\n");
    Object.assign(output, nothing());
    running.value = true;
    status.value = words.loading;
    const began = performance.now();
    run = runCode(code, site, {
      onStart() {
        status.value = words.running;
        slow = setTimeout(() => {
          status.value = words.slow;
        }, LONG);
      },
      onMessage(message) {
        waiting.push(message);
        drawn ||= requestAnimationFrame(() => flush(lines));
      },
      onEnd(ending) {
        cancelAnimationFrame(drawn);
        flush(lines);
        clearTimeout(slow);
        running.value = false;
        status.value = summary(ending, (performance.now() - began) / 1000);
      },
    });
  }

  function summary(ending: Ending, seconds: number): string {
    if (ending === "stopped") return words.stopped;
    if (ending === "flood") return words.flood;
    if (ending === "failed" || output.errors.length > 0) return words.failed;
    const all = output.results.length;
    const right = output.results.filter(({ holds }) => holds).length;
    return words.done(seconds.toFixed(seconds < 10 ? 1 : 0), right, all);
  }

  const stop = () => run?.stop();
  const errorLine = computed(() => output.errors[0]?.line);
  return { output, status, running, errorLine, start, stop };
}

function rowOf(message: MessageOf<"value">, lines: readonly string[]): ResultRow {
  const line = lines[message.line - 1] ?? "";
  const [, shown = ""] = /\/\/ (?:=>|throws) (.+)$/.exec(line) ?? [];
  return { ...message, code: expressionOf(line), shown };
}
