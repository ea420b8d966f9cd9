/** One page of an engine's driver. {@link BrowserPage} builds a person's actions on it. */
export interface PageDriver {
  /** Opens an address and waits until the page has loaded. */
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /**
   * Evaluates an expression whose promise resolves to a string or undefined. It works under a
   * strict content security policy.
   */
  evaluate(expression: string): Promise<string | undefined>;
  /** Moves the mouse to a point of the viewport, in CSS pixels. */
  moveMouse(x: number, y: number): Promise<void>;
  pressMouse(): Promise<void>;
  releaseMouse(): Promise<void>;
  /** Presses and releases a key by its `KeyboardEvent.key`, such as `ArrowLeft` or `a`. */
  pressKey(key: string): Promise<void>;
  /** Sets the size of the viewport, in CSS pixels. */
  resize(width: number, height: number): Promise<void>;

  /**
   * Errors and warnings since the page was opened: of the console, uncaught errors, and failed
   * requests.
   */
  problems(): Promise<string[]>;
  close(): Promise<void>;
}

/** A running browser. */
export interface BrowserDriver {
  /** The browser's own version, such as `153.8.0`. */
  readonly version: string;
  newPage(): Promise<PageDriver>;
  close(): Promise<void>;
}

/** Options for starting a browser. */
export interface LaunchOptions {
  /** The system's theme, as pages see it. @defaultValue `light` */
  readonly colorScheme?: "light" | "dark";
  /** Whether the system asks for reduced motion. @defaultValue `false` */
  readonly reducedMotion?: boolean;
  /** Whether the system replaces all colors. WebKit cannot do it. @defaultValue `false` */
  readonly forcedColors?: boolean;
  /** The system's locale, such as `C.UTF-8`. Only WebKit uses it. */
  readonly systemLocale?: string;
}

/** Starts the program at `path`. */
export type Launch = (path: string, options: LaunchOptions) => Promise<BrowserDriver>;
