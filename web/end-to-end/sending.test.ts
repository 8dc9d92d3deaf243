import type { Page, WebSocketRoute } from "playwright-core";
import { expect, it } from "vitest";
import { remote, useBrowser } from "./browser";
import { answered, answers, ask, composer, stopButton, whole } from "./chat";
import { call, inside } from "./people";

useBrowser();

const conversations = async (token: string) =>
  (await call<{ items: { id: string; title: string }[] }>(token, "GET", "/covey/v1/conversations")).items;

/** Keeps back what the service says of a question until it is let go. */
async function withAcceptanceHeld(page: Page): Promise<() => void> {
  const held: (() => void)[] = [];
  let holding = true;
  await page.routeWebSocket("**/covey/v1/ws", (socket: WebSocketRoute) => {
    const service = socket.connectToServer();
    service.onMessage((message) => {
      const pass = () => socket.send(message);
      if (holding && (JSON.parse(String(message)) as { type: string }).type === "accepted") held.push(pass);
      else pass();
    });
  });
  return () => {
    holding = false;
    held.splice(0).forEach((pass) => pass());
  };
}

it("takes a question back that is stopped before it was taken, and leaves nothing behind", async () => {
  const { page, token } = await inside(`withdrawer-${Date.now().toString(36)}`, "", { model: "echo" });
  const release = await withAcceptanceHeld(page);
  await page.goto("/");
  await ask(page, "slow:400");
  await page.waitForURL("**/c/**");
  await expect.poll(() => remote("/engine/running"), { timeout: 15_000 }).toBe(1);
  await stopButton(page).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForURL((url) => url.pathname === "/");
  await expect.poll(() => composer(page).inputValue()).toBe("slow:400");
  release();
  await expect.poll(() => conversations(token), { timeout: 15_000 }).toEqual([]);
  expect(await remote("/engine/running")).toBe(0);

  // In a chat that is there already it is the question alone that goes.
  await composer(page).fill("");
  await answered(page, "say:first");
  const [kept] = await conversations(token);
  const releaseNext = await withAcceptanceHeld(page);
  await page.reload();
  await answers(page).last().getByText("first").waitFor();
  await ask(page, "slow:400");
  await stopButton(page).click();
  await expect.poll(() => composer(page).inputValue()).toBe("slow:400");
  releaseNext();
  const messages = async () => (await call<{ messages: unknown[] }>(token, "GET", `/covey/v1/conversations/${kept?.id}`)).messages.length;
  await expect.poll(() => remote("/engine/running"), { timeout: 15_000 }).toBe(0);
  await expect.poll(messages, { timeout: 15_000 }).toBe(2);
  await expect.poll(() => answers(page).count(), { timeout: 15_000 }).toBe(1);
});

it("sends with the key that was chosen, here and where a question is changed, and says which", async () => {
  const { page } = await inside("keymaker", "/account/preferences", { model: "echo" });
  await page.getByRole("radio", { name: /^Ctrl\+Enter sends/ }).check();
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.getByRole("textbox", { name: "Search shortcuts" }).fill("send the");
  await expect.poll(() => sheet.getByRole("definition").innerText()).toMatch(/Ctrl\s*Enter/);
  await page.keyboard.press("Escape");
  await page.goto("/");
  await composer(page).fill("say:one");
  await composer(page).press("Enter");
  await composer(page).pressSequentially("two");
  expect(await composer(page).inputValue()).toBe("say:one\ntwo");
  await composer(page).press("Control+Enter");
  await page.waitForURL("**/c/**");
  await answers(page).last().getByText("two").waitFor();
  await whole(page);
  await page.getByRole("button", { name: "Edit message" }).click();
  const editor = page.getByRole("textbox", { name: "Edit your message" });
  await editor.fill("say:three");
  await editor.press("Enter");
  expect(await editor.inputValue()).toBe("say:three\n");
  await editor.press("Control+Enter");
  await answers(page).last().getByText("three").waitFor();
  await whole(page);
});

it("tells the request id of a failed answer, which the request log knows", async () => {
  const { page, token } = await inside("failer", "/", { model: "echo" });
  await ask(page, "fail:half an answer");
  await page.waitForURL("**/c/**");
  await whole(page);
  const notice = page.getByRole("alert").filter({ hasText: "Request id" });
  const id = await notice.getByRole("code").innerText();
  await expect.poll(async () => {
    const found = await call<{ items: { record: { outcome: string } }[] }>(token, "GET", `/covey/v1/requests?request_id=${encodeURIComponent(id)}`);
    return found.items.map(({ record }) => record.outcome);
  }, { timeout: 15_000 }).toEqual(["failed"]);
  await page.reload();
  await answers(page).last().getByText("half an answer").waitFor();
  await expect.poll(() => notice.getByRole("code").innerText()).toBe(id);
});

it("still tells after a reload where an answer was made and how long the model thought", async () => {
  const { page } = await inside("thinker", "/", { model: "mirror-seeing" });
  await answered(page, "think:Let me see.");
  const thoughts = answers(page).last().getByRole("button", { name: /^Thought for / });
  await expect.poll(async () => (await page.getByRole("button", { name: /^How this answer was made/ }).count()) > 0).toBe(true);
  const before = await thoughts.innerText();
  await page.reload();
  expect(await thoughts.innerText()).toMatch(/^Thought for /);
  expect(before).toMatch(/^Thought for /);
  await thoughts.click();
  await answers(page).last().getByText("Let me see.").waitFor();
  await page.getByRole("button", { name: /^How this answer was made/ }).click();
  const figures = page.getByRole("dialog", { name: "How this answer was made" });
  await figures.getByText("Node", { exact: true }).waitFor();
  await figures.getByText("Thinking", { exact: true }).waitFor();
});
