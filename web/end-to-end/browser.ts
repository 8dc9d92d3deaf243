import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];
const MUTED = /Failed to load resource|WebSocket connection to .* failed|net::ERR_/;

/** The Chromium to test with: $COVEY_CHROMIUM, or else where distributions put it. */
export function chromiumProgram(): string {
  const program = [process.env.COVEY_CHROMIUM, ...PROGRAMS].find((path) => path !== undefined && existsSync(path));
  if (program === undefined) throw new Error("Chromium is missing: ./dev test installs it, or set COVEY_CHROMIUM");
  return program;
}

export const PASSWORD = "a long enough phrase";
export const base = inject("url");

let browser: Browser;
const contexts: BrowserContext[] = [];
/** What went wrong in a page without anybody handling it: errors, refused content, messages of the console. */
export const faults: string[] = [];

/** Call once in each test file. */
export function useBrowser(): void {
  beforeAll(async () => {
    // Root and most containers cannot have Chromium's sandbox; the only pages here are ours.
    browser = await chromium.launch({ executablePath: chromiumProgram(), args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(faults.splice(0)).toEqual([]);
  });
}

/** A browser of its own: own storage, own tabs. */
export async function newContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", baseURL: base, locale: "en-GB", ...options });
  context.setDefaultTimeout(15_000);
  contexts.push(context);
  context.on("weberror", (error) => faults.push(`error: ${error.error().message}`));
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !MUTED.test(message.text())) faults.push(message.text());
  });
  return context;
}

export async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  return (await newContext(options)).newPage();
}

/** Asks the process that started Covey, for example to restart the bridge. */
export async function remote(path: string): Promise<unknown> {
  const answer = await fetch(inject("remote") + path);
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
}
