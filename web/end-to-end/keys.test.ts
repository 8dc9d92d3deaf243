import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { base, useBrowser } from "./browser";
import { python } from "./covey_processes";
import { call, inside } from "./people";

useBrowser();

const asks = (key: string) =>
  fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "echo", messages: [{ role: "user", content: "say:through a key" }] }),
  });

/** What runs the code of each tab as it is shown; null: what it needs is not there. */
const RUNNERS: Record<string, string[] | null> = {
  curl: existsSync("/usr/bin/curl") ? ["bash", "-c"] : null,
  Python: [python, "-c"],
  JavaScript: null,
  fetch: [process.execPath, "--input-type=module", "-e"],
  "covey run": ["bash", "-c"],
};

/** What the code prints that a person has copied, who has set the key and installed Covey. */
async function outputOf([program = "", ...options]: string[], code: string, key: string): Promise<string> {
  const path = `${dirname(python)}:${process.env.PATH ?? ""}`;
  const running = promisify(execFile)(program, [...options, code], { env: { ...process.env, PATH: path, COVEY_API_KEY: key }, timeout: 20_000 });
  running.child.stdin?.end(); // what is piped into `covey run` belongs to the question
  return (await running).stdout;
}

it("makes a key that works at once, comes with code in every language, and ends with its revocation", { timeout: 90_000 }, async () => {
  const { page } = await inside("programmer", "/account/keys");
  await page.getByText("No keys yet.", { exact: false }).waitFor();
  await page.getByRole("button", { name: "New key" }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("textbox", { name: "Name" }).fill("nightly job");
  await form.getByRole("combobox", { name: "Models" }).fill("echo");
  await page.getByRole("option", { name: "echo", exact: true }).click();
  await form.getByRole("button", { name: "Make the key" }).click();
  const dialog = page.getByRole("dialog", { name: "Your new key" });
  const key = (await dialog.getByRole("group", { name: "Copy the key" }).innerText()).trim();
  for (const [tab, run] of Object.entries(RUNNERS)) {
    await dialog.getByRole("tab", { name: tab, exact: true }).click();
    expect(await dialog.getByRole("tabpanel", { name: tab, exact: true }).innerText()).toContain(`export COVEY_API_KEY=${key}`);
    const code = await dialog.getByRole("code").last().innerText();
    if (run !== null) expect(await outputOf(run, code, key), tab).toContain("Hello");
  }
  await dialog.getByRole("button", { name: "Test this key" }).click();
  await dialog.getByText("It works.").waitFor();
  const answer = await asks(key);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain("through a key");

  await dialog.getByRole("button", { name: "I have stored it" }).click();
  expect(await page.getByRole("main").innerText()).not.toContain(key);
  await page.getByRole("row").filter({ hasText: "nightly job" }).getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog", { name: "Revoke “nightly job”?" }).getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("row").filter({ hasText: "nightly job" }).getByText("Revoked").waitFor();
  await expect.poll(async () => (await asks(key)).status, { timeout: 15_000 }).toBe(401);
});

it("counts what was used, by day, model and key, and saves it as CSV", { timeout: 90_000 }, async () => {
  const { page, token } = await inside("counted", "/account/usage");
  await page.getByText("Nothing was used in this range.").waitFor();
  const { secret } = await call<{ secret: string }>(token, "POST", "/covey/v1/keys", { name: "counter", scopes: ["inference"] });
  for (const credential of [token, token, secret]) {
    await call(credential, "POST", "/v1/chat/completions", { model: "echo", messages: [{ role: "user", content: "say:count me" }] });
  }
  const table = page.getByRole("table", { name: "Usage" });
  const requests = async (name: string) => {
    await page.reload();
    await page.getByRole("group", { name: "Group by" }).getByRole("button", { name: "Key" }).click();
    return table.getByRole("row").filter({ hasText: name }).getByRole("cell").first().innerText({ timeout: 3_000 }).catch(() => "");
  };
  await expect.poll(() => requests("counter"), { timeout: 30_000, interval: 500 }).toBe("1");
  expect(await table.getByRole("row").filter({ hasText: "Without a key" }).getByRole("cell").first().innerText()).toBe("2");
  await page.getByRole("group", { name: "Group by" }).getByRole("button", { name: "Model" }).click();
  await expect.poll(() => table.getByRole("row").filter({ hasText: "echo" }).getByRole("cell").first().innerText()).toBe("3");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export as CSV" }).click()]);
  const lines = (await readFile(await download.path(), "utf8")).replace(/^\uFEFF/, "").trim().split(/\r?\n/);
  expect(lines[0]).toBe("day,user,model,key,key_id,requests,prompt_tokens,completion_tokens,failed,cancelled");
  const rows = lines.slice(1).map((line) => line.split(","));
  expect(rows.map(([, user, model]) => `${user} ${model}`)).toEqual(rows.map(() => "counted echo"));
  expect(rows.reduce((sum, row) => sum + Number(row[5]), 0)).toBe(3);
});
