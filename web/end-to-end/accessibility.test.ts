import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { violations } from "./accessibility";
import { newPage, useBrowser } from "./browser";
import { account, adminPage } from "./people";

useBrowser();

/** Nothing is being loaded, and nothing moves but what moves for ever, as the mark of a running answer does. */
async function settled(page: Page): Promise<void> {
  await page.waitForLoadState("networkidle", { timeout: 2_000 }).catch(() => undefined);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForFunction(() =>
    document.getAnimations().every((each) => each.playState !== "running" || each.effect?.getTiming().iterations === Infinity),
  );
}

describe.each(["light", "dark"] as const)("in the %s scheme", (colorScheme) => {
  it.each(["/login", "/register"])("%s has no violation", async (path) => {
    await account("admin");
    const page = await newPage({ colorScheme });
    await page.goto(path);
    await settled(page);
    expect(await violations(page)).toEqual([]);
  });

  it("no page of an administrator has a violation, wide or on a phone", { timeout: 240_000 }, async () => {
    const page = await adminPage("/", { colorScheme });
    const paths = await allPages(page);
    expect(paths.length).toBeGreaterThan(6);
    const found: Record<string, string[]> = {};
    for (const path of paths) {
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 844 });
        await page.goto(path);
        await settled(page);
        const wrong = await violations(page);
        if (wrong.length > 0) found[`${path} at ${width}`] = wrong;
      }
    }
    expect(found).toEqual({});
  });
});

/** Every page that the navigation leads to. */
async function allPages(page: Page): Promise<string[]> {
  const found = new Set<string>(["/"]);
  for (const area of ["/", "/account", "/admin"]) {
    await page.getByRole("button", { name: /Account menu of/ }).waitFor();
    const links = await page.getByRole("navigation").first().getByRole("link").all();
    for (const link of links) {
      const path = await link.getAttribute("href");
      if (path?.startsWith("/") && !path.startsWith("/c/")) found.add(path);
    }
    const next = [...found].find((path) => path.startsWith(area === "/" ? "/account" : "/admin"));
    if (next === undefined) break;
    await page.goto(next);
    await settled(page);
  }
  return [...found];
}
