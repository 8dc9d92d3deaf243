import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import { expect, it } from "vitest";
import { useBrowser } from "./browser";
import { answers } from "./chat";
import { call, inside } from "./people";

useBrowser();

interface Info {
  id: string;
  title: string;
  folder: string;
  pinned: boolean;
}

const message = (id: string, role: string, content: string, parent: string | null) => ({ id, parent_id: parent, created_at: 1_700_000_000, message: { role, content } });
/** Questions and answers in turn, each below the one before. */
const talk = (...said: string[]) => said.map((content, index) => message(`m${index + 1}`, index % 2 === 0 ? "user" : "assistant", content, index === 0 ? null : `m${index}`));

const make = (token: string, title: string, more: object = {}) => call<{ info: Info }>(token, "POST", "/covey/v1/conversations", { title, model: "echo", ...more });
const infos = async (token: string) => (await call<{ items: Info[] }>(token, "GET", "/covey/v1/conversations?limit=200")).items;

const list = (page: Page): Locator => page.getByRole("list", { name: "Conversations" });
const row = (page: Page, title: string): Locator => list(page).getByRole("link", { name: title, exact: true });

async function menuOf(page: Page, title: string, entry: string): Promise<void> {
  await row(page, title).hover();
  await list(page).getByRole("button", { name: `More for ${title}`, exact: true }).click();
  await page.getByRole("menuitem", { name: entry }).click();
}

async function listMenu(page: Page, entry: string): Promise<void> {
  await page.getByRole("button", { name: "More for all conversations" }).click();
  await page.getByRole("menuitem", { name: entry }).click();
}

async function saved(page: Page, ask: () => Promise<void>): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent("download"), ask()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
}

async function importFile(page: Page, content: unknown): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), listMenu(page, "Import from a file")]);
  await chooser.setFiles({ name: "conversations.json", mimeType: "application/json", buffer: Buffer.from(typeof content === "string" ? content : JSON.stringify(content)) });
}

it("renames, pins, files by click and by dragging, and takes out again", { timeout: 120_000 }, async () => {
  const { page, token } = await inside("archivist", "");
  await make(token, "Alpha");
  await make(token, "Beta");
  await page.goto("/");
  await row(page, "Alpha").waitFor();

  await row(page, "Beta").focus();
  await page.keyboard.press("F2");
  await page.getByRole("textbox", { name: "Title of the conversation" }).fill("Gamma");
  await page.keyboard.press("Enter");
  await row(page, "Gamma").waitFor();

  await menuOf(page, "Alpha", "Pin");
  await list(page).getByRole("heading", { name: "Pinned" }).waitFor();
  await expect.poll(async () => (await infos(token)).find(({ title }) => title === "Alpha")?.pinned).toBe(true);
  await menuOf(page, "Alpha", "Unpin");
  await list(page).getByRole("heading", { name: "Pinned" }).waitFor({ state: "detached" });

  await menuOf(page, "Alpha", "Move to a folder");
  await page.getByRole("combobox", { name: "Folder" }).fill("Work");
  await page.getByRole("button", { name: "Move", exact: true }).click();
  const folder = list(page).getByRole("button", { name: /^Work/ });
  await folder.waitFor();
  await row(page, "Gamma").dragTo(folder);
  await expect.poll(async () => (await infos(token)).map(({ folder: name }) => name)).toEqual(["Work", "Work"]);
  await folder.getByLabel("2 conversations").waitFor();
  if ((await folder.getAttribute("aria-expanded")) === "false") await folder.click();
  await menuOf(page, "Gamma", "Move to a folder");
  await page.getByRole("combobox", { name: "Folder" }).fill("");
  await page.getByRole("button", { name: "Without a folder" }).click();
  await expect.poll(async () => (await infos(token)).find(({ title }) => title === "Gamma")?.folder).toBe("");
  await page.reload();
  await row(page, "Gamma").waitFor();
});

it("finds words in titles and messages, says where, and deletes several at once", { timeout: 120_000 }, async () => {
  const { page, token } = await inside("searcher", "");
  await make(token, "Birds", { messages: talk("What sings at night?", "The nightingale does, above all in May.") });
  await make(token, "Nightingales");
  for (let number = 1; number <= 3; number += 1) await make(token, `Other ${number}`);
  await page.goto("/");
  await row(page, "Birds").waitFor();
  await page.getByRole("textbox", { name: "Search conversations" }).fill("nightingale");
  await row(page, "Other 1").waitFor({ state: "detached" });
  await list(page).getByRole("link").filter({ hasText: "above all in May" }).waitFor();
  expect(await list(page).getByRole("link").count()).toBe(2);
  await page.getByRole("textbox", { name: "Search conversations" }).fill("no such word anywhere");
  await page.getByText("No conversation holds these words.").waitFor();
  await page.getByRole("button", { name: "End the search" }).click();

  await row(page, "Other 1").waitFor();
  await listMenu(page, "Select several");
  for (const title of ["Other 1", "Other 2"]) await list(page).getByRole("checkbox", { name: title }).check();
  const bar = page.getByRole("toolbar", { name: "Selected conversations" });
  await bar.getByText("2 selected").waitFor();
  await bar.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog", { name: "Delete 2 conversations?" }).getByRole("button", { name: "Delete" }).click();
  await page.getByText("2 conversations deleted").waitFor();
  await expect.poll(async () => (await infos(token)).map(({ title }) => title).sort()).toEqual(["Birds", "Nightingales", "Other 3"]);

  await listMenu(page, "Delete all");
  await page.getByRole("dialog", { name: "Delete all conversations?" }).getByRole("button", { name: /^Delete/ }).click();
  await page.getByText("Your conversations will be listed here.").waitFor();
  expect(await infos(token)).toEqual([]);
});

it("exports to read and to keep, and imports its own files and ChatGPT's", { timeout: 120_000 }, async () => {
  const { page, token } = await inside("mover", "");
  await make(token, "Letters: ä/ö", { folder: "Post", messages: talk("Who wrote?", "**Everybody** did.") });
  await page.goto("/");
  const folder = list(page).getByRole("button", { name: /^Post/ });
  await folder.waitFor();
  if ((await folder.getAttribute("aria-expanded")) === "false") await folder.click();

  const markdown = await saved(page, () => menuOf(page, "Letters: ä/ö", "Export as Markdown"));
  expect(markdown.name).toBe("Letters-ä-ö.md");
  expect(markdown.text).toContain("## You\n\nWho wrote?");
  expect(markdown.text).toContain("**Everybody** did.");
  const json = await saved(page, () => menuOf(page, "Letters: ä/ö", "Export as JSON"));
  expect(json.name).toBe("Letters-ä-ö.json");

  await listMenu(page, "Delete all");
  await page.getByRole("dialog").getByRole("button", { name: /^Delete/ }).click();
  await expect.poll(() => infos(token)).toEqual([]);
  await importFile(page, json.text);
  await page.getByText("1 conversation imported").waitFor();
  const [back] = await infos(token);
  expect(back).toMatchObject({ title: "Letters: ä/ö", folder: "Post" });

  const said = (role: string, text: string) => ({ author: { role }, content: { content_type: "text", parts: [text] }, create_time: 1_700_000_000 });
  await importFile(page, [
    {
      title: "From elsewhere",
      create_time: 1_700_000_000,
      current_node: "c",
      mapping: {
        a: { id: "a", parent: null, children: ["b"], message: null },
        b: { id: "b", parent: "a", children: ["c"], message: said("user", "Is it here?") },
        c: { id: "c", parent: "b", children: [], message: said("assistant", "It has arrived.") },
      },
    },
  ]);
  await row(page, "From elsewhere").click();
  await answers(page).last().getByText("It has arrived.").waitFor();

  await importFile(page, "no JSON at all");
  await page.getByText(/This file holds no JSON/).waitFor();
});

it("leads from what was found to the very message, also on another branch of a long chat", { timeout: 90_000 }, async () => {
  const { page, token } = await inside("finder", "");
  const said = Array.from({ length: 30 }, (_, index) => [`Question ${index}?`, index === 4 ? "The **bittern** booms in the reeds." : `Answer ${index}. ${"Words and words. ".repeat(40)}`]).flat();
  const messages = talk(...said);
  const [first] = messages;
  await make(token, "Waders", { messages: [...messages, { ...first, id: "msg_other", parent_id: null, message: { role: "user", content: "Asked in another way" } }], active_leaf: "msg_other" });
  await page.goto("/");
  await page.getByRole("textbox", { name: "Search conversations" }).fill("bittern");
  await list(page).getByRole("link").filter({ hasText: "bittern" }).click();
  const found = page.getByRole("article").filter({ hasText: "booms in the reeds" });
  await expect.poll(() => found.evaluate((each) => each.getBoundingClientRect().top).catch(() => -1)).toBeGreaterThan(0);
  await expect.poll(() => found.evaluate((each) => each.getBoundingClientRect().bottom).catch(() => 9_999)).toBeLessThan(760);
  await page.getByRole("button", { name: "Jump to the newest message" }).click();
  await page.getByText("Answer 29.").waitFor();
});
