import type { Locator, Page } from "playwright-core";
import { expect, it } from "vitest";
import { violations } from "./accessibility";
import { useBrowser } from "./browser";
import { answers, ask, composer, stopButton, whole } from "./chat";
import { SECOND } from "./engines";
import { account, call, inside } from "./people";

useBrowser();

const CONTENT = [
  "# Title", "", "Some *words* with `code` and [a link](https://example.org).", "", "| a | b |", "|---|---|", "| 1 | 2 |", "",
  "```python", "def f(x: int) -> str:", "    # a comment", '    return f"{x}"', "```", "", "$$E = mc^2$$", "", "> quoted", "", "- one", "- two", "", "1. first",
].join("\n");
const stored = (id: string, parent: string | null, message: object, more: object = {}) => ({ id, parent_id: parent, created_at: 1_700_000_000, message, ...more });
const made = { model: "echo", finish_reason: "stop", usage: { prompt_tokens: 5, completion_tokens: 50 } };
/** A conversation with everything that an answer can hold. */
const EVERYTHING = [
  stored("q1", null, { role: "user", content: "Show me everything" }),
  stored("a1", "q1", { role: "assistant", content: `${CONTENT}\n\n${CONTENT}` }, made),
  stored("q2", "a1", { role: "user", content: "And the weather?" }),
  stored(
    "a2",
    "q2",
    {
      role: "assistant",
      content: "I shall look.",
      reasoning: "Let me see what the sky says.",
      tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: '{"place": "Ulm"}' } }],
    },
    made,
  ),
];
const WIDTHS = [1280, 390];

/** What moves comes to rest first: half-faded text has no contrast. */
async function atRest(page: Page): Promise<void> {
  // A change of the scheme reaches the last element some frames later.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)))));
  await page.waitForFunction(() => document.getAnimations().every((each) => each.playState !== "running" || each.effect?.getTiming().iterations === Infinity));
}

/** What axe finds, by the name of what was looked at, in both schemes. */
class Look {
  readonly found: Record<string, string[]> = {};

  constructor(private readonly page: Page) {}

  async at(name: string): Promise<void> {
    // Menus, lists of choices and tooltips are beside the page for as long as they are open, and so in no landmark.
    await this.note(name, { without: ["region"] });
    // In the dark nothing is different but the colours.
    await this.page.emulateMedia({ colorScheme: "dark" });
    await this.note(`${name}, dark`, { only: ["color-contrast"] });
    await this.page.emulateMedia({ colorScheme: "light" });
  }

  private async note(name: string, extent: Parameters<typeof violations>[1]): Promise<void> {
    await atRest(this.page);
    const wrong = await violations(this.page, extent);
    if (wrong.length > 0) this.found[name] = wrong;
  }

  /** Opens something by a click, looks at it, and closes it with Escape. */
  async opened(name: string, opener: Locator, content: Locator): Promise<void> {
    await opener.click();
    await content.waitFor();
    await this.at(name);
    await this.page.keyboard.press("Escape");
    await content.waitFor({ state: "detached" });
  }
}

const dialog = (page: Page, name?: string | RegExp) => page.getByRole("dialog", name === undefined ? {} : { name });
const menu = (page: Page) => page.getByRole("menu");
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });

it("a chat full of content, running and failed answers, and everything that opens there has no violation", { timeout: 240_000 }, async () => {
  const { page, token } = await inside("regarder", "");
  const { info } = await call<{ info: { id: string } }>(token, "POST", "/covey/v1/conversations", { title: "Everything", model: "echo", messages: EVERYTHING });
  await page.goto(`/c/${info.id}`);
  const look = new Look(page);
  await answers(page).last().getByText("Calls weather").waitFor();
  await answers(page).last().getByRole("button", { name: "Thoughts" }).click();
  await answers(page).last().getByText("Let me see what").waitFor();
  await look.at("thoughts and tool calls");
  await ask(page, "fail:half of it");
  await page.getByRole("alert").getByText("Request id").waitFor();
  await look.at("a failed answer");

  await look.opened("menu of a message", button(page, "More").last(), menu(page));
  await look.opened("figures", button(page, /^How this answer was made/).last(), dialog(page, "How this answer was made"));
  await look.opened("request as code", button(page, "This request as code"), dialog(page, "This request as code"));
  await look.opened("settings of the chat", button(page, "Settings of this chat"), dialog(page, "Settings of this chat"));
  await look.opened("choice of model", button(page, /^Model: /), page.getByRole("listbox", { name: "Models" }));
  await look.opened("account menu", button(page, /^Account menu of/), menu(page));
  await look.opened("menu of conversations", button(page, "More for all conversations"), menu(page));
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /^Search chats/ }).fill("a");
  await page.getByRole("option").first().waitFor();
  await look.at("palette");
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  await button(page, "Edit message").first().click();
  await page.getByRole("textbox", { name: "Edit your message" }).waitFor();
  await look.at("a question being edited");
  await page.keyboard.press("Escape");
  await button(page, "More").last().click();
  await look.opened("deleting a branch", page.getByRole("menuitem", { name: "Delete from here" }), dialog(page, "Delete this branch?"));

  await ask(page, "slow:600");
  await answers(page).last().getByText("word3").waitFor();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 844 });
    await look.at(`a running answer at ${width}`);
  }
  await button(page, "Open navigation").click();
  await page.getByRole("list", { name: "Conversations" }).getByText("is being answered").waitFor({ state: "attached" });
  await look.at("the side bar of a phone with a running answer");
  await page.keyboard.press("Escape");
  await stopButton(page).click();
  await whole(page);
  await page.getByRole("region", { name: "Messages" }).evaluate((box) => box.scrollTo(0, 0));
  await answers(page).first().locator(".katex").first().waitFor();
  await answers(page).first().getByRole("table").first().waitFor();
  await look.at("content on a phone");
  expect(look.found).toEqual({});
});

it("dialogs and menus of side bar, comparison, account and administration have no violation", { timeout: 240_000 }, async () => {
  const who = "regarded";
  await account(who);
  const { page, token } = await inside("admin", "", { model: "echo" });
  const look = new Look(page);
  const title = "To be looked at";
  await call(token, "POST", "/covey/v1/conversations", { title, model: "echo", folder: "A folder" });
  await call(token, "POST", "/covey/v1/conversations", { title, model: "echo" });
  await page.goto("/");
  await composer(page).waitFor();
  const list = page.getByRole("list", { name: "Conversations" });
  const more = list.getByRole("button", { name: `More for ${title}` }).last();
  await list.getByRole("link", { name: title }).last().hover();
  await look.opened("menu of a conversation", more, menu(page));
  for (const entry of ["Move to a folder", "Delete"]) {
    await more.click();
    await look.opened(entry, page.getByRole("menuitem", { name: entry }), dialog(page));
  }
  await button(page, "More for all conversations").click();
  await page.getByRole("menuitem", { name: "Select several" }).click();
  await list.getByRole("checkbox").first().check();
  await look.at("selecting conversations");
  await button(page, "End selecting").click();
  await page.locator("body").click({ position: { x: 700, y: 300 } });
  await page.keyboard.press("?");
  await dialog(page, "Keyboard shortcuts").waitFor();
  await look.at("shortcuts");
  await page.keyboard.press("Escape");

  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 844 });
    await page.goto(`/compare?models=echo,${SECOND}`);
    await page.getByRole("textbox", { name: "Your question to all models" }).fill(`say:${CONTENT}`);
    await button(page, "Ask all models").click();
    await page.getByRole("table").first().waitFor();
    await look.at(`comparison at ${width}`);
    await look.opened(`parameters of a model at ${width}`, button(page, "Parameters of model 1"), dialog(page));
  }

  await page.setViewportSize({ width: 1280, height: 844 });
  await page.goto("/account/keys");
  await look.opened("new key", button(page, "New key"), dialog(page));
  await button(page, "New key").click();
  await dialog(page).getByRole("textbox", { name: "Name" }).fill("looked at");
  await button(page, "Make the key").click();
  await dialog(page, "Your new key").waitFor();
  await look.at("secret of a new key");
  await button(page, "I have stored it").click();
  await look.opened("revoking a key", button(page, "Revoke").first(), dialog(page));

  await page.goto("/admin/users");
  await page.getByRole("searchbox", { name: "Search by name" }).fill(who);
  await look.opened("menu of a user", button(page, `Actions for ${who}`), menu(page));
  for (const entry of ["Suspend", "Reset the password", "Delete"]) {
    await button(page, `Actions for ${who}`).click();
    await look.opened(entry, page.getByRole("menuitem", { name: entry }), dialog(page));
  }
  await look.opened("keys and sessions", button(page, new RegExp(`Keys and sessions of ${who}`)), dialog(page, who));
  await look.opened("inviting", button(page, "Invite someone"), dialog(page, "Invite someone"));

  await page.goto("/admin/models");
  await look.opened("getting a model", button(page, "Get a model"), dialog(page, "Get a model"));
  await page.getByRole("button", { name: SECOND, exact: true }).click();
  await dialog(page, SECOND).getByRole("button", { name: /^Default parameters/ }).click();
  await dialog(page, SECOND).getByRole("textbox", { name: "Temperature" }).waitFor();
  await look.at("settings of a model");
  await page.keyboard.press("Escape");

  await page.goto("/admin/nodes");
  await button(page, "List").click();
  await look.opened("details of a worker", button(page, /^Details of|Processor/).first(), dialog(page));
  await look.opened("taking a node out of service", button(page, "Take out of service"), dialog(page));
  await page.goto("/admin/requests");
  await look.opened("details of a request", page.getByRole("table").getByRole("button").first(), dialog(page, "Request"));
  await look.opened("choices of a filter", page.getByRole("combobox", { name: "Outcome" }), page.getByRole("listbox"));
  await page.goto("/admin/audit");
  await look.opened("details of an entry", page.getByRole("table").getByRole("button").first(), dialog(page, "Details"));
  expect(look.found).toEqual({});
});
