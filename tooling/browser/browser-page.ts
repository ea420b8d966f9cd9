import type { Engine } from "./engines.ts";
import type { PageDriver } from "./page-driver.ts";

/** A place on the page: a CSS selector, and where several elements match, the text of the one that is meant. */
export type Target = string | { readonly selector: string; readonly text: string };

/** A point of an element, as shares of its width and height. */
export type Spot = readonly [x: number, y: number];

const middle: Spot = [0.5, 0.5];

/** One page, used as a person would: the same calls in every engine. */
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

  /** Calls a function in the page and waits for its promise; arguments and result cross as JSON. */
  async evaluate<A extends unknown[], R>(
    f: (...args: A) => R | Promise<R>,
    ...args: A
  ): Promise<R> {
    const call = `(async () => JSON.stringify(await (${f})(...${JSON.stringify(args)})))()`;
    const json = await this.#driver.evaluate(call);
    return (json === undefined ? undefined : JSON.parse(json)) as R;
  }

  /** Waits until a function in the page returns something true, and returns it. */
  async waitFor<A extends unknown[], R>(
    f: (...args: A) => R | Promise<R>,
    ...args: A
  ): Promise<NonNullable<R>> {
    for (;;) {
      const got = await this.evaluate(f, ...args);
      if (got) return got;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The text of the first element that a selector matches; empty where there is none. */
  text(selector: string): Promise<string> {
    return this.evaluate((s) => document.querySelector(s)?.textContent?.trim() ?? "", selector);
  }

  /** Whether an element is there, visible and not disabled. */
  usable(target: Target): Promise<boolean> {
    return this.#element(target, (element) => !!element && usableElement(element));
  }

  /** Waits until the element can be used, brings it into view and clicks its middle. */
  async click(target: Target): Promise<void> {
    const [x, y] = await this.#place(target, middle);
    await this.#driver.moveMouse(x, y);
    await this.#driver.pressMouse();
    await this.#driver.releaseMouse();
  }

  /** Presses the mouse at one spot of an element and releases it at another. */
  async drag(target: Target, from: Spot, to: Spot, moves = 8): Promise<void> {
    const [x, y] = await this.#place(target, from);
    const [toX, toY] = await this.#place(target, to);
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

  /** Leaves a value in a field, a slider or a list, as its user would have. */
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

  /** The viewport as a PNG. */
  screenshot(): Promise<Uint8Array> {
    return this.#driver.screenshot();
  }

  /** What a person would see in red or yellow in the developer tools, since the page was opened. */
  async complaints(): Promise<string[]> {
    const all = await this.#driver.complaints();
    return all.filter((complaint) => !harmless.some((remark) => complaint.includes(remark)));
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  /** Calls a function in the page with the element that a target means. */
  async #element<A extends unknown[], R>(
    target: Target,
    f: (element: HTMLElement | undefined, ...args: A) => R,
    ...args: A
  ): Promise<R> {
    const call = `(async () => {
      const usableElement = ${usableElement};
      const element = (${find})(${JSON.stringify(target)});
      return JSON.stringify(await (${f})(element, ...${JSON.stringify(args)}));
    })()`;
    const json = await this.#driver.evaluate(call);
    return (json === undefined ? undefined : JSON.parse(json)) as R;
  }

  /** Waits until an element can be used, rests and is not covered; the spot in the viewport's pixels. */
  async #place(target: Target, spot: Spot): Promise<Spot> {
    for (let before: Spot | undefined; ; ) {
      const place = await this.#element(
        target,
        (element, [x, y]) => {
          if (!element || !usableElement(element)) return undefined;
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
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Remarks of browsers about the machine that they run on, not about the page. */
const harmless = [
  // Chromium, where there is no GPU to ask for.
  "No available adapters.",
  // Firefox, of WebGL contexts that a software renderer draws.
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
function usableElement(element: HTMLElement): boolean {
  const { width, height } = element.getBoundingClientRect();
  return width > 0 && height > 0 && !element.matches(":disabled");
}
