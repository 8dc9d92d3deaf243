import { expect, it } from "vitest";
import { remote, useBrowser } from "./browser";
import { answers, ask, expectCounted, numbersIn, whole } from "./chat";
import { inside } from "./people";

useBrowser();
const COUNT = 150;

it("goes on with an answer after a reload in the middle of it", async () => {
  const { page } = await inside("reloader", "/", { model: "echo" });
  await ask(page, `slow:${COUNT}`);
  await answers(page).last().getByText("word10").waitFor();
  await page.reload();
  await answers(page).last().getByText("word40").waitFor();
  await whole(page);
  const numbers = await numbersIn(answers(page).last());
  expect(numbers).toHaveLength(COUNT);
  expectCounted(numbers);
});

it("shows an answer in every tab while it is made", async () => {
  const { page } = await inside("doubler", "/", { model: "echo" });
  await ask(page, `slow:${COUNT}`);
  await page.waitForURL("**/c/**");
  await answers(page).last().getByText("word5").waitFor();
  const second = await page.context().newPage();
  await second.goto(page.url());
  await answers(second).last().getByText("word30").waitFor();
  await page.close();
  await whole(second);
  const numbers = await numbersIn(answers(second).last());
  expect(numbers).toHaveLength(COUNT);
  expectCounted(numbers);
});

it("hears of questions that another tab asks", async () => {
  const { page } = await inside("listener", "/", { model: "echo" });
  await ask(page, "say:one");
  await page.waitForURL("**/c/**");
  await whole(page);
  const second = await page.context().newPage();
  await second.goto(page.url());
  await answers(second).last().waitFor();
  await ask(page, `slow:60`);
  await answers(second).last().getByText("word20").waitFor();
});

it("goes on without a gap when the bridge is killed in mid-answer and comes back", { timeout: 120_000 }, async () => {
  const { page } = await inside("survivor", "/", { model: "echo" });
  await ask(page, `slow:${COUNT}`);
  await answers(page).last().getByText("word10").waitFor();
  await remote("/bridge/kill");
  await page.getByText("No connection to Covey", { exact: false }).first().waitFor();
  await remote("/bridge/start");
  await expect.poll(async () => (await numbersIn(answers(page).last())).length, { timeout: 60_000 }).toBe(COUNT);
  await whole(page);
  expectCounted(await numbersIn(answers(page).last()));
});
