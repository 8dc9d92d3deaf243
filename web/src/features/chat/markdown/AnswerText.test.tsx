import { act, render, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { AnswerText } from "./AnswerText";

/** The answer once everything that reads it is loaded. */
async function shown(text: string, growing = false): Promise<HTMLElement> {
  const { container } = render(<AnswerText text={text} growing={growing} />);
  // What is lazy is loaded when these promises are kept.
  await act(() => Promise.all([import("./MarkdownBlock"), import("./formulas"), import("./highlighter")]));
  await act(async () => {});
  return container;
}

describe("what answers usually hold", () => {
  it("shows headings below those of the page, lists, tables and code", async () => {
    const page = await shown("# Title\n\n- [x] done\n\n| a | b |\n|---|---|\n| 1 | 2<br>3 |\n\n```python\nprint(1)\n```\n");
    await within(page).findByRole("heading", { level: 3, name: "Title" });
    expect((within(page).getByRole("checkbox") as HTMLInputElement).checked).toBe(true);
    expect(within(page).getByRole("columnheader", { name: "a" })).toBeTruthy();
    expect(page.querySelector("td br")).not.toBeNull();
    expect(within(page).getByRole("group", { name: "Code, python" }).textContent).toBe("print(1)");
    expect(within(page).getByRole("button", { name: "Copy code" })).toBeTruthy();
  });

  it("leaves prices alone", async () => {
    expect((await shown("It costs $5 and $10.")).textContent).toBe("It costs $5 and $10.");
  });

  it("follows links that are named elsewhere", async () => {
    const page = await shown("See [this][1].\n\nMore text.\n\n[1]: https://example.org/page\n");
    await waitFor(() => expect(page.querySelector("a")?.getAttribute("href")).toBe("https://example.org/page"));
  });

  it("sets formulas, without style attributes in their source", async () => {
    const page = await shown("So $\\vec{x} = \\frac{1}{2}$ holds.\n\n$$\n\\pmb{y}\n$$\n");
    expect(page.querySelectorAll(".katex")).toHaveLength(2);
    expect(page.querySelector(".formula.display .katex-display")).not.toBeNull();
  });

  it("shows the source of formulas with mistakes", async () => {
    const page = await shown("So $\\frac{1$ holds.");
    expect(page.textContent).toBe("So \\frac{1 holds.");
  });

  it("shows half-written parts as what they will be", async () => {
    const page = await shown("This is **bold", true);
    await waitFor(() => expect(page.querySelector("strong")?.textContent).toBe("bold"));
  });

  it("opens links elsewhere, and tells them nothing about this page", async () => {
    await shown("[there](https://example.org)");
    const link = await screen.findByRole("link", { name: "there" });
    expect([link.getAttribute("target"), link.getAttribute("rel")]).toEqual(["_blank", "noopener noreferrer nofollow"]);
  });
});

const HOSTILE: [string, string][] = [
  ["scripts", "<script>window.hit = 1</script>\n\n<img src=x onerror='window.hit = 1'>\n\n<svg onload=\"window.hit=1\"/>"],
  ["frames and forms", "<iframe src='https://example.org'></iframe><form action='https://example.org'><input name=q></form>"],
  ["styles", "<style>* { display: none }</style><p style='position:fixed;inset:0'>x</p>"],
  ["script addresses", "[a](javascript:window.hit=1) [b](JaVaScRiPt:alert(1)) [c](data:text/html,<script>1</script>) [d](vbscript:x)"],
  ["hidden script addresses", "[a](java\u0000script:alert(1)) [b](&#106;avascript:alert(1)) [c](\tjavascript:alert(1)) <javascript:alert(1)>"],
  ["other addresses", "[a](file:///etc/passwd) [b](//example.org/x) [c](/account) [d](blob:https://example.org/1)"],
  ["pictures from elsewhere", "![a](https://example.org/spy.png) ![b](data:image/svg+xml,<svg/>) [![c](https://example.org/c.png)](https://example.org)"],
  ["formulas that link", "$\\href{javascript:alert(1)}{x}$ and $\\url{https://example.org}$ and $\\includegraphics{https://example.org/x.png}$"],
  ["endless formulas", "$$\\def\\a{\\a\\a}\\a$$"],
  ["footnotes", "a[^1] b[^__proto__]\n\n[^1]: note\n[^__proto__]: note"],
  ["strange languages", "```__proto__\nx\n```\n\n```<b>\nx\n```\n\n```" + "x".repeat(5000) + "\ny\n```"],
  ["directions", "\u202Eevil\u202C \u2066mixed\u2069 ```\u202E```"],
  ["broken surrogates", "\uD800 and \uDFFF and \uFFFE"],
];

describe("what hostile answers hold", () => {
  it.each(HOSTILE)("runs and fetches nothing: %s", async (_, text) => {
    const fetched = vi.fn(() => Promise.reject(new Error("nothing may be fetched")));
    vi.stubGlobal("fetch", fetched);
    const page = await shown(text);
    expect(page.querySelectorAll("script, iframe, object, embed, form, style, img, image, video, audio, link, base, meta")).toHaveLength(0);
    for (const element of page.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on/);
        if (name === "href") expect(value).toMatch(/^(https?:|mailto:)/);
        if (name === "src") throw new Error(`${element.tagName} loads ${value}`);
      }
    }
    expect((window as { hit?: number }).hit).toBeUndefined();
    expect(fetched).not.toHaveBeenCalled();
  });

  const long = 60_000;
  const HEAVY: [string, string][] = [
    ["quotes in quotes", "> ".repeat(5000) + "x"],
    ["lists in lists", Array.from({ length: 400 }, (_, depth) => `${"  ".repeat(depth)}- x`).join("\n")],
    ["opened brackets", "[".repeat(long)],
    ["opened links", "[a](".repeat(long / 4)],
    ["emphasis", "*a **b ".repeat(long / 8)],
    ["marks", "*_`~".repeat(long / 4)],
    ["code marks", "` `` ``` ".repeat(long / 9)],
    ["a wide table", `|${"a|".repeat(3000)}\n|${"-|".repeat(3000)}\n${`|${"b|".repeat(3000)}\n`.repeat(3)}`],
    ["a long table", `| a | b |\n|---|---|\n${"| 1 | 2 |\n".repeat(5000)}`],
    ["one long line", "x".repeat(500_000)],
    ["many lines", "x\n".repeat(30_000)],
    ["many definitions", Array.from({ length: 3000 }, (_, index) => `[${index}]: https://example.org/${index}`).join("\n")],
    ["dollars", "$a".repeat(long / 2)],
    ["html", "<a ".repeat(long / 3)],
    ["entities", "&amp".repeat(long / 4)],
  ];

  it.each(HEAVY)("shows it in bounded time, whole: %s", async (_, text) => {
    const page = await shown(text);
    expect(page.textContent.length).toBeGreaterThan(0);
  }, 5000);

  it.each(HEAVY)("grows in bounded time: %s", async (_, text) => {
    const { rerender, container } = render(<AnswerText text="" growing />);
    for (let step = 1; step <= 4; step += 1) rerender(<AnswerText text={text.slice(0, (text.length * step) / 4)} growing />);
    expect(container.textContent).not.toBe("");
  }, 5000);
});
