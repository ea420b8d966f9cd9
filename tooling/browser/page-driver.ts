/** What each engine's driver can do with one page; {@link BrowserPage} builds a person's actions on it. */
export interface PageDriver {
  /** Opens an address and waits until the page has loaded. */
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** The string, or undefined, that an expression's promise resolves to. A strict policy does not stop it. */
  evaluate(expression: string): Promise<string | undefined>;
  /** Moves the mouse to a point of the viewport, in CSS pixels. */
  moveMouse(x: number, y: number): Promise<void>;
  pressMouse(): Promise<void>;
  releaseMouse(): Promise<void>;
  /** Presses and releases a key by its `KeyboardEvent.key`, such as `ArrowLeft` or `a`. */
  pressKey(key: string): Promise<void>;
  /** Sets the size of the viewport, in CSS pixels. */
  resize(width: number, height: number): Promise<void>;
  /** The viewport as a PNG. */
  screenshot(): Promise<Uint8Array>;
  /** Errors and warnings since the page was opened: of the console, uncaught, of requests. */
  complaints(): Promise<string[]>;
  close(): Promise<void>;
}

/** A running browser. */
export interface BrowserDriver {
  /** The browser's own version, such as `153.8.0`. */
  readonly version: string;
  newPage(): Promise<PageDriver>;
  close(): Promise<void>;
}

/** How a browser is started. */
export interface LaunchOptions {
  /** What pages see as the system's theme. @defaultValue `light` */
  readonly colorScheme?: "light" | "dark";
  /** The system's locale, such as `C.UTF-8`; it reaches the pages of WebKit alone. */
  readonly systemLocale?: string;
}

/** Starts the program at `path`. */
export type Launch = (path: string, options: LaunchOptions) => Promise<BrowserDriver>;
