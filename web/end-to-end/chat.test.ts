import { expect, it } from "vitest";
import { remote, useBrowser } from "./browser";
import { answered, answers, ask, composer, stopButton, whole } from "./chat";
import { call, inside } from "./people";

useBrowser();

it("shows Markdown with tables, code, formulae and lists as what they are", async () => {
  const { page } = await inside("reader", "/", { model: "echo" });
  await answered(
    page,
    ["say:# Title", "", "| a | b |", "|---|---|", "| 1 | 2 |", "", "```python", "print('x')", "```", "", "$$E = mc^2$$", "", "- one", "- two"].join("\n"),
  );
  const answer = answers(page).last();
  await answer.getByRole("table").waitFor();
  await answer.getByRole("button", { name: "Copy code" }).waitFor();
  await answer.locator(".katex").first().waitFor();
  expect(await answer.getByRole("listitem").count()).toBe(2);
  await answer.getByRole("heading", { name: "Title" }).waitFor();
});

it("stops an answer, and with it the engine, and keeps what came", async () => {
  const { page } = await inside("stopper", "/", { model: "echo" });
  await ask(page, "slow:400");
  await answers(page).last().getByText("word5").waitFor();
  expect(await remote("/engine/running")).toBe(1);
  await stopButton(page).click();
  await expect.poll(() => remote("/engine/running"), { timeout: 2_000 }).toBe(0);
  await whole(page);
  await page.reload();
  await answers(page).last().getByText("word5").waitFor();
});

it("keeps branches: an answer again, an edited question, and the way back", async () => {
  const { page } = await inside("brancher", "/", { model: "echo" });
  await answered(page, "say:first");
  await page.getByRole("button", { name: "Answer again" }).click();
  await page.getByText("Version 2 of 2").waitFor({ state: "attached" });
  await whole(page);
  await page.getByRole("button", { name: "Edit message" }).click();
  await page.getByRole("textbox", { name: "Edit your message" }).fill("say:second");
  await page.getByRole("button", { name: "Send again" }).click();
  await answers(page).last().getByText("second").waitFor();
  await whole(page);
  await page.getByRole("button", { name: "Previous version" }).first().click();
  await answers(page).last().getByText("first").waitFor();
  await page.reload();
  await answers(page).last().getByText("first").waitFor();
});

it("tells how an answer was made", async () => {
  const { page } = await inside("curious", "/", { model: "echo" });
  await answered(page, "say:something to count");
  await page.getByRole("button", { name: "How this answer was made" }).click();
  await page.getByText("Tokens written").waitFor();
  await page.getByText("Until the first word").waitFor();
});

it("puts a text file into the question and refuses what no model can read", async () => {
  const { page } = await inside("filer", "/", { model: "echo" });
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: /^Attach/ }).click(),
  ]);
  await chooser.setFiles([
    { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("the secret word is plover") },
    { name: "program.bin", mimeType: "application/octet-stream", buffer: Buffer.from([0, 1, 2, 255, 0]) },
  ]);
  await page.getByText(/program\.bin.*only pictures and text files/).waitFor();
  await page.getByText("notes.txt").first().waitFor();
  await answered(page, "What is in it?");
  expect(await answers(page).last().innerText()).toContain("plover");
});

it("opens a long chat at its end, however much is laid out afterwards", async () => {
  const { page, token } = await inside("returner", "");
  const content = `${"```python\nprint(1)\n```\n\n$$E = mc^2$$\n\n| a |\n|---|\n| 1 |\n\n".repeat(6)}`;
  const messages = Array.from({ length: 12 }, (_, index) => ({
    id: `m${index}`,
    parent_id: index === 0 ? null : `m${index - 1}`,
    created_at: 1_700_000_000 + index,
    message: { role: index % 2 === 0 ? "user" : "assistant", content: index === 11 ? `${content}\n\nThe very end.` : content },
  }));
  const { info } = await call<{ info: { id: string } }>(token, "POST", "/covey/v1/conversations", { title: "Long", model: "echo", messages });
  await page.goto(`/c/${info.id}`);
  await answers(page).last().locator(".katex").first().waitFor();
  const list = page.getByRole("region", { name: "Messages" });
  const fromEnd = () => list.evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight));
  await expect.poll(fromEnd, { timeout: 10_000 }).toBeLessThan(4);
  await page.getByText("The very end.").waitFor();
  // Whoever reads above is left there.
  await list.hover();
  await page.mouse.wheel(0, -1500);
  await expect.poll(fromEnd, { timeout: 10_000 }).toBeGreaterThan(500);
  await page.getByRole("button", { name: "Jump to the newest message" }).click();
  await expect.poll(fromEnd, { timeout: 10_000 }).toBeLessThan(100);
});

it("keeps a draft for each chat", async () => {
  const { page } = await inside("drafter", "/", { model: "echo" });
  await answered(page, "say:hello");
  await composer(page).fill("half a thought");
  await page.getByRole("link", { name: "New chat" }).first().click();
  await page.waitForURL((url) => url.pathname === "/");
  expect(await composer(page).inputValue()).toBe("");
  await page.goBack();
  await expect.poll(() => composer(page).inputValue()).toBe("half a thought");
});

it("works on a phone", async () => {
  const { page } = await inside("walker", "/", { model: "echo", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await answered(page, "say:a wide table:\n\n|" + " column |".repeat(20) + "\n|" + "---|".repeat(20) + "\n|" + " value |".repeat(20));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBe(0);
  await page.getByRole("button", { name: "Open navigation" }).tap();
  await page.getByRole("navigation").getByRole("link", { name: "New chat" }).tap();
  await page.waitForURL((url) => url.pathname === "/");
});

it("is used with the keyboard alone", async () => {
  const { page } = await inside("typist", "/", { model: "echo" });
  const typing = expect.poll(() => composer(page).evaluate((box) => box === document.activeElement));
  await typing.toBe(true);
  await page.locator("body").click({ position: { x: 700, y: 200 } });
  await typing.toBe(false);
  await page.keyboard.press("/");
  await typing.toBe(true);
  await page.keyboard.type("slow:200");
  await page.keyboard.press("Enter");
  await answers(page).last().getByText("word3").waitFor();
  await page.keyboard.press("Escape");
  await whole(page);
  await page.keyboard.press("Tab");
  const visible = await page.evaluate(() => {
    const focused = document.activeElement;
    return focused !== null && focused !== document.body && focused.getBoundingClientRect().width > 0;
  });
  expect(visible).toBe(true);
});
