import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { newContext, PASSWORD, useBrowser } from "./browser";
import { answered, chooseModel } from "./chat";
import { CoveyProcess, freePort } from "./covey_processes";

useBrowser();

const NAME = "gpu-1";

/** A Covey in a folder of its own, ended with the test: a machine of its own, as far as others can tell. */
async function startMachine(engine: object, options: string[], command?: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "covey-machine-"));
  const own = ["--data-dir", join(folder, "data"), "--log-dir", join(folder, "logs"), "--set", "node.drain_timeout_s=1", "--set", "metrics.enabled=false"];
  const machine = new CoveyProcess([...own, "--set", `engines.sample=${JSON.stringify([engine])}`, ...options], command);
  onTestFinished(async () => {
    await machine.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await machine.start();
}

/** The address of a Covey that machines can join, and what its administrator's browser keeps. */
async function startCovey() {
  const url = `http://127.0.0.1:${await freePort()}`;
  await startMachine({ name: "near" }, ["--port", new URL(url).port, "--set", "mesh.server.join.address=127.0.0.1:0"]);
  const answer = await fetch(`${url}/covey/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin", password: PASSWORD }),
  });
  const { refresh_token: value } = (await answer.json()) as { refresh_token: string };
  return { url, storageState: { cookies: [], origins: [{ origin: url, localStorage: [{ name: "covey.refresh", value }] }] } };
}

it("adds a node with the one command that it shows, serves its model, takes it out of service and removes it", { timeout: 120_000 }, async () => {
  const { url, storageState } = await startCovey();
  const context = await newContext({ baseURL: url, storageState });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
  const page = await context.newPage();
  await page.goto("/admin/nodes");
  await page.getByRole("button", { name: "Add a node" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a node" });
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill(NAME);
  await dialog.getByRole("button", { name: "Make the command" }).click();
  await dialog.getByText("Waiting for the machine.").waitFor();
  await dialog.getByRole("button", { name: "Copy the command", exact: true }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  expect(command).toMatch(/^covey join \S+$/);
  await dialog.getByText(command).waitFor();

  await startMachine({ name: "far", models: ["far-model"], tokens: 12 }, [], command.split(" ").slice(1));
  await dialog.getByText(`${NAME} has joined and offers 1 model.`).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Add a node" }).click();
  await dialog.getByRole("button", { name: "Make the command" }).waitFor();
  // What was shown once is not shown again.
  expect(await page.content()).not.toContain(command.split(" ")[2]);
  await dialog.getByRole("button", { name: "Cancel" }).click();

  await page.getByRole("button", { name: /^Processor .*far-model/ }).waitFor();
  await page.getByRole("button", { name: "List" }).click();
  const table = page.getByRole("table", { name: NAME });
  await table.getByText("far-model").waitFor();

  const chat = await context.newPage();
  await chat.goto("/");
  await chooseModel(chat, "far-model");
  await answered(chat, "Who answers?");
  await chat.getByRole("button", { name: /^How this answer was made/ }).click();
  await chat.getByRole("dialog", { name: "How this answer was made" }).getByText(NAME, { exact: true }).waitFor();
  await chat.close();

  const section = page.locator("section").filter({ has: page.getByRole("heading", { name: NAME }) });
  await section.getByRole("button", { name: "Take out of service" }).click();
  await page.getByRole("dialog", { name: `Take ${NAME} out of service?` }).getByRole("button", { name: "Take out of service" }).click();
  await table.getByText("Draining").waitFor();

  await page.getByRole("button", { name: "Picture" }).click();
  await page.getByRole("listitem").filter({ hasText: NAME }).getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog", { name: `Remove ${NAME}?` }).getByRole("button", { name: "Remove" }).click();
  await page.getByText(`${NAME} was removed.`).waitFor();
  await expect.poll(() => page.getByRole("main").getByText(NAME, { exact: true }).count()).toBe(0);
});
