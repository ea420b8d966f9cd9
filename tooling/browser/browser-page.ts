import type { Engine } from "./engines.ts";
import type { PageDriver } from "./page-driver.ts";

/** An element of the page: a CSS selector, and the text of the element if several match. */
export type Target = string | { readonly selector: string; readonly text: string };

/** A point of an element, as fractions of its width and height. */
export type Spot = readonly [x: number, y: number];

const middle: Spot = [0.5, 0.5];

/** The longest wait in milliseconds: below a test's limit, so that the error names what never came. */
const LONGEST_WAIT = 240_000;

/** The actions of a person on a page. The calls are the same in every engine. */
export class BrowserPage {
  readonly engine: Engine;
  readonly #driver: PageDriver;

  constructor(engine: Engine, driver: PageDriver) {
    this.engine = engine;
    this.#driver = driver;
  }

  goto(url: string): Promise<void> {
    return this.#driver.goto(url);
  }

  reload(): Promise<void> {
    return this.#driver.reload();
  }

  url(): Promise<string> {
    return this.evaluate(() => location.href);
  }

  /** Calls a function in the page and waits for its promise. Arguments and result pass as JSON. */
  async evaluate<A extends unknown[], R>(
    f: (...args: A) => R | Promise<R>,
    ...args: A
  ): Promise<R> {
    const call = `(async () => JSON.stringify(await (${f})(...${JSON.stringify(args)})))()`;
    return this.#answer<R>(call);
  }

  /** Calls a function in the page until its result is truthy, and returns the result. */
  async waitFor<A extends unknown[], R>(
    f: (...args: A) => R | Promise<R>,
    ...args: A
  ): Promise<NonNullable<R>> {
    for (const end = Date.now() + LONGEST_WAIT; Date.now() < end; await soon()) {
      const result = await this.evaluate(f, ...args);
      if (result) return result;
    }
    throw new Error(await this.#missing(`${f} with ${JSON.stringify(args)}`));
  }

  /** The text of the first element that a selector matches. Empty if there is none. */
  text(selector: string): Promise<string> {
    return this.evaluate((s) => document.querySelector(s)?.textContent?.trim() ?? "", selector);
  }

  /** Whether an element exists, is visible and is not disabled. */
  usable(target: Target): Promise<boolean> {
    return this.#element(target, (element) => !!element && isUsable(element));
  }

  /** Waits until the element can be used, brings it into view and clicks its middle. */
  async click(target: Target): Promise<void> {
    const [x, y] = await this.#locate(target, middle);
    await this.#driver.moveMouse(x, y);
    await this.#driver.pressMouse();
    await this.#driver.releaseMouse();
  }

  /** Presses the mouse at one spot of an element and releases it at another. */
  async drag(target: Target, from: Spot, to: Spot, moves = 8): Promise<void> {
    const [x, y] = await this.#locate(target, from);
    const [toX, toY] = await this.#locate(target, to);
    await this.#driver.moveMouse(x, y);
    await this.#driver.pressMouse();
    for (let i = 1; i <= moves; i++) {
      const share = i / moves;
      await this.#driver.moveMouse(x + share * (toX - x), y + share * (toY - y));
    }
    await this.#driver.releaseMouse();
  }

  async focus(target: Target): Promise<void> {
    await this.#element(target, (element) => element?.focus());
  }

  /** Presses and releases a key by its `KeyboardEvent.key`; the space bar is `Space`. */
  press(key: string): Promise<void> {
    return this.#driver.pressKey(key);
  }

  /** Sets the value of a field, a slider or a list, with the events of a user's input. */
  async fill(target: Target, value: string | number): Promise<void> {
    await this.#element(
      target,
      (element, value) => {
        (element as HTMLInputElement).value = value;
        for (const type of ["input", "change"]) {
          element?.dispatchEvent(new Event(type, { bubbles: true }));
        }
      },
      String(value),
    );
  }

  /** Sets the size of the viewport, in CSS pixels. */
  resize(width: number, height: number): Promise<void> {
    return this.#driver.resize(width, height);
  }

  /** Errors and warnings since the page was opened, without those that concern the machine. */
  async problems(): Promise<string[]> {
    const all = await this.#driver.problems();
    return all.filter((problem) => !machineWarnings.some((text) => problem.includes(text)));
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  /** Calls a function in the page with the target's element. */
  async #element<A extends unknown[], R>(
    target: Target,
    f: (element: HTMLElement | undefined, ...args: A) => R,
    ...args: A
  ): Promise<R> {
    const call = `(async () => {
      const isUsable = ${isUsable};
      const element = (${find})(${JSON.stringify(target)});
      return JSON.stringify(await (${f})(element, ...${JSON.stringify(args)}));
    })()`;
    return this.#answer<R>(call);
  }

  /** The page's answer to a call that gives JSON. @throws Error when it does not come. */
  async #answer<R>(call: string): Promise<R> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`the page has not answered for ${LONGEST_WAIT / 1000} s: ${call}`);
      timer = setTimeout(() => reject(error), LONGEST_WAIT);
    });
    try {
      const json = await Promise.race([this.#driver.evaluate(call), late]);
      return (json === undefined ? undefined : JSON.parse(json)) as R;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What never came, and what the page showed and logged instead. */
  async #missing(what: string): Promise<string> {
    const shown = await this.evaluate(() => document.body.textContent.slice(0, 3000));
    const problems = (await this.problems()).join("\n");
    return `waited ${LONGEST_WAIT / 1000} s for ${what}\n\nThe page shows:\n${shown}\n\nProblems:\n${problems}`;
  }

  /**
   * Waits until an element can be used, has stopped moving and is not covered. Returns the spot in
   * pixels of the viewport.
   */
  async #locate(target: Target, spot: Spot): Promise<Spot> {
    const end = Date.now() + LONGEST_WAIT;
    for (let before: Spot | undefined; Date.now() < end; await soon()) {
      const place = await this.#element(
        target,
        (element, [x, y]) => {
          if (!element || !isUsable(element)) return undefined;
          const outside = () => {
            const { top, bottom } = element.getBoundingClientRect();
            return top < 0 || bottom > innerHeight;
          };
          if (outside()) element.scrollIntoView({ block: "center", behavior: "instant" });
          const { left, top, width, height } = element.getBoundingClientRect();
          const at: [number, number] = [left + x * width, top + y * height];
          const hit = document.elementFromPoint(...at);
          return hit && (element.contains(hit) || hit.contains(element)) ? at : undefined;
        },
        spot,
      );
      if (place && before && place[0] === before[0] && place[1] === before[1]) return place;
      before = place;
    }
    throw new Error(await this.#missing(`a usable ${JSON.stringify(target)}`));
  }
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 50));

/** Warnings of browsers about the machine, not about the page. */
const machineWarnings = [
  // Chromium without a GPU.
  "No available adapters.",
  // Firefox, when software renders WebGL.
  "WEBGL_debug_renderer_info is deprecated",
];

/** Runs in the page. */
function find(target: Target): HTMLElement | undefined {
  const { selector, text } =
    typeof target === "string" ? { selector: target, text: undefined } : target;
  const all = Array.from(document.querySelectorAll<HTMLElement>(selector));
  return all.find((element) => text === undefined || element.textContent?.trim() === text);
}

/** Runs in the page. */
function isUsable(element: HTMLElement): boolean {
  const { width, height } = element.getBoundingClientRect();
  return width > 0 && height > 0 && !element.matches(":disabled");
}
