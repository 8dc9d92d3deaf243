import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { newPage, PASSWORD, remote, useBrowser } from "./browser";
import { answers, ask, whole } from "./chat";
import { ENGINE_KEY, SECOND } from "./engines";
import { MISSING_FILE, SLOW_FILE } from "./model_files";
import { account, call, inside, tokenOf } from "./people";

useBrowser();

async function userMenu(page: Page, name: string, entry: string): Promise<void> {
  await page.getByRole("searchbox", { name: "Search by name" }).fill(name);
  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: entry }).click();
}

async function logIn(page: Page, name: string, password: string, next = "/"): Promise<void> {
  await page.goto(`/login?next=${encodeURIComponent(next)}`);
  await page.locator("input[name=username]").fill(name);
  await page.locator("input[name=password]").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

it("invites, gives roles, suspends, resets a password and ends sessions", { timeout: 150_000 }, async () => {
  const { page } = await inside("admin", "/admin/users");
  await page.getByRole("button", { name: "Invite someone" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite someone" });
  await dialog.getByRole("button", { name: "Make the invitation" }).click();
  const link = await dialog.getByRole("code").innerText();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("table", { name: "Invitations" }).getByText("Open", { exact: true }).first().waitFor();

  const name = `guest-${Date.now().toString(36)}`;
  const guest = await newPage();
  await guest.goto(link);
  await guest.locator("input[name=username]").fill(name);
  await guest.locator("input[name=password]").fill(PASSWORD);
  await guest.getByRole("button", { name: "Make the account" }).click();
  await guest.waitForURL((url) => url.pathname === "/");

  await page.reload();
  await page.getByRole("table", { name: "Invitations" }).getByText("Used", { exact: true }).first().waitFor();
  await page.getByRole("searchbox", { name: "Search by name" }).fill(name);
  const row = page.getByRole("table", { name: "Users" }).getByRole("row").filter({ hasText: name });
  await userMenu(page, name, "Make an administrator");
  await row.getByText("Administrator").waitFor();
  // A new role is for those who log in with it.
  await logIn(guest, name, PASSWORD, "/admin");
  await guest.getByRole("heading", { name: "Overview" }).waitFor();
  await userMenu(page, name, "Make a member");
  await row.getByText("Member").waitFor();

  await logIn(guest, name, PASSWORD, "/admin");
  await guest.getByRole("heading", { name: "For administrators only" }).waitFor();

  await row.getByRole("button", { name: new RegExp(`Keys and sessions of ${name}`) }).click();
  const panel = page.getByRole("dialog", { name });
  await panel.getByRole("button", { name: "End all sessions" }).click();
  await page.getByRole("dialog", { name: `End all sessions of ${name}?` }).getByRole("button", { name: "End all sessions" }).click();
  await panel.getByText("No sessions.").waitFor();
  await panel.getByRole("button", { name: "Close" }).click();
  await guest.goto("/account/keys");
  await guest.waitForURL("**/login**");

  await userMenu(page, name, "Reset the password");
  const reset = page.getByRole("dialog", { name: `New password for ${name}` });
  await reset.getByRole("button", { name: "Reset the password" }).click();
  const password = await reset.getByRole("code").innerText();
  await reset.getByRole("button", { name: "Close" }).click();
  await logIn(guest, name, PASSWORD);
  await guest.getByText("User name or password is wrong.").waitFor();
  await logIn(guest, name, password);
  await guest.waitForURL((url) => url.pathname === "/");

  await userMenu(page, name, "Suspend");
  await page.getByRole("dialog", { name: `Suspend ${name}?` }).getByRole("button", { name: "Suspend" }).click();
  await row.getByText("Suspended").waitFor();
  await guest.goto("/account/keys");
  await guest.waitForURL("**/login**");
});

it("takes a node out of service and back", { timeout: 90_000 }, async () => {
  const { page, token } = await inside("admin", "/admin/nodes");
  const { items } = await call<{ items: { name: string; instances: { service: string }[] }[] }>(token, "GET", "/covey/v1/nodes");
  const name = items.find((node) => node.instances.some(({ service }) => service === "processor"))?.name ?? "";
  try {
    await page.getByRole("button", { name: "List" }).click();
    await page.getByRole("button", { name: "Take out of service" }).click();
    await page.getByRole("dialog", { name: `Take ${name} out of service?` }).getByRole("button", { name: "Take out of service" }).click();
    await page.getByRole("button", { name: "Put back into service" }).waitFor();
    await page.getByRole("table").getByText("Draining").first().waitFor();
  } finally {
    await call(token, "POST", `/covey/v1/nodes/${encodeURIComponent(name)}/drain`).catch(() => undefined);
  }
  await page.getByRole("button", { name: "Put back into service" }).click();
  await page.getByText(`${name} is back in service.`).waitFor();
  await page.getByRole("button", { name: "Take out of service" }).waitFor();
  // What is served again answers again.
  await expect.poll(async () => (await call<{ items: { model: { name: string; state: string } }[] }>(token, "GET", "/covey/v1/models")).items.some(({ model }) => model.name === "echo" && model.state !== "unavailable"), { timeout: 30_000 }).toBe(true);
});

it("fetches a model while telling how far it is, and removes it; tells why another one does not come", { timeout: 150_000 }, async () => {
  const { page, token } = await inside("admin", "/admin/models");
  const fetchModel = async (name: string) => {
    await page.getByRole("button", { name: "Get a model" }).click();
    const dialog = page.getByRole("dialog", { name: "Get a model" });
    await dialog.getByRole("combobox", { name: "Model" }).fill(name);
    await page.getByRole("option", { name: new RegExp(name) }).click();
    await dialog.getByRole("button", { name: "Get it" }).click();
  };
  await fetchModel(SLOW_FILE);
  const bar = page.getByRole("progressbar", { name: new RegExp(`^${SLOW_FILE}: downloading`) });
  await expect.poll(async () => Number(await bar.getAttribute("aria-valuenow").catch(() => 0)), { timeout: 30_000 }).toBeGreaterThan(20);
  expect(Number(await bar.getAttribute("aria-valuenow"))).toBeLessThan(80);
  await remote("/files/release");
  await page.getByText(`${SLOW_FILE} is here.`).waitFor({ timeout: 30_000 });
  const row = page.getByRole("table", { name: "Models" }).getByRole("row").filter({ hasText: SLOW_FILE });
  await row.waitFor();
  await row.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog", { name: `Remove ${SLOW_FILE}?` }).getByRole("button", { name: "Remove" }).click();
  await page.getByText(`${SLOW_FILE} is removed.`).waitFor();
  await row.waitFor({ state: "detached" });
  const names = async () => (await call<{ items: { model: { name: string } }[] }>(token, "GET", "/covey/v1/models")).items.map(({ model }) => model.name);
  await expect.poll(names).not.toContain(SLOW_FILE);

  await fetchModel(MISSING_FILE);
  const notice = page.getByRole("alert").filter({ has: page.getByRole("button", { name: "Try again" }) });
  await notice.getByText("Request id").waitFor({ timeout: 45_000 });
});

it("gives a model another name, default parameters, and to some people only", { timeout: 150_000 }, async () => {
  await account("favoured");
  await account("neglected");
  const { page, token } = await inside("admin", "/admin/models");
  try {
    await page.getByRole("button", { name: SECOND, exact: true }).click();
    const dialog = page.getByRole("dialog", { name: SECOND });
    await dialog.getByRole("combobox", { name: "Other names" }).fill("understudy");
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: "Default parameters" }).click();
    await dialog.getByRole("textbox", { name: "Temperature" }).fill("0.25");
    await dialog.getByRole("combobox", { name: "Who may use it" }).click();
    await page.getByRole("option", { name: "Only chosen users" }).click();
    await dialog.getByRole("combobox", { name: "Users" }).fill("favoured");
    await page.getByRole("option", { name: "favoured" }).click();
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByText("The settings are saved.").waitFor();

    const asked = { model: "understudy", messages: [{ role: "user", content: "say:as asked" }] };
    const favoured = await tokenOf("favoured");
    await expect.poll(() => call(favoured, "POST", "/v1/chat/completions", asked).then(() => "taken", String), { timeout: 15_000 }).toBe("taken");
    const last = ((await remote("/engine/asked")) as { temperature?: number }[]).at(-1);
    expect(last?.temperature).toBe(0.25);
    await expect(call(await tokenOf("neglected"), "POST", "/v1/chat/completions", asked)).rejects.toThrow(/40[34]/);

    const { page: chat } = await inside("favoured", "/", { model: SECOND });
    await chat.getByRole("button", { name: "Settings of this chat" }).click();
    await chat.getByText("Default of this model: 0.25").waitFor();
  } finally {
    await call(token, "DELETE", `/covey/v1/models/${SECOND}/settings`);
  }
  const { page: other } = await inside("neglected", "/", { model: SECOND });
  await ask(other, "say:open again");
  await other.waitForURL("**/c/**");
  await whole(other);
  await answers(other).last().getByText("open again").waitFor();
});

it("narrows the request log and the audit log down, and shows settings without their secrets", { timeout: 120_000 }, async () => {
  await account("logged");
  const token = await tokenOf("logged");
  for (const model of ["echo", "echo", "no-such-model"]) {
    await call(token, "POST", "/v1/chat/completions", { model, messages: [{ role: "user", content: "say:x" }] }).catch(() => undefined);
  }
  const { page } = await inside("admin", "/admin/requests");
  const table = page.getByRole("table", { name: "Request log" });
  const choose = async (label: string, option: string) => {
    await page.getByRole("combobox", { name: label }).click();
    await page.getByRole("option", { name: option, exact: true }).click();
  };
  await choose("User", "logged");
  await expect.poll(() => table.getByRole("row").count()).toBe(4);
  await choose("Outcome", "Refused");
  await expect.poll(() => table.getByRole("row").count()).toBe(2);
  await table.getByText("no-such-model").waitFor();
  await table.getByRole("button").first().click();
  const panel = page.getByRole("dialog", { name: "Request" });
  await panel.getByText("model_not_found").waitFor();
  await panel.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await expect.poll(() => table.getByRole("row").count()).toBeGreaterThan(4);

  await page.goto("/admin/audit");
  const audit = page.getByRole("table", { name: "Audit log" });
  await choose("Who", "logged");
  await audit.getByText(/logged.? logged in/).first().waitFor();
  await choose("Action", "Made an account");
  await expect.poll(() => audit.getByText("logged in").count()).toBe(0);
  await audit.getByText(/logged.? made an account/).waitFor();

  await page.goto("/admin/settings");
  await page.getByRole("searchbox", { name: "Search settings" }).fill("engines.openai");
  await page.getByText("base_url", { exact: false }).first().waitFor();
  const shown = await page.getByRole("main").innerText();
  expect(shown).toContain("***");
  expect(shown).not.toContain(ENGINE_KEY);
});
