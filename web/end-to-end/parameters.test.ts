import { expect, it } from "vitest";
import { remote, useBrowser } from "./browser";
import { answered, answers, ask, chooseModel, whole } from "./chat";
import { SEEING } from "./engines";
import { inside } from "./people";

useBrowser();

interface Asked {
  temperature?: number;
  max_tokens?: number;
  stop?: string[];
  response_format?: { type: string };
  messages: { role: string; content: string | { type: string; image_url?: { url: string } }[] }[];
}

const lastAsked = async () => ((await remote("/engine/asked")) as Asked[]).at(-1);

it("sends parameters and prompt to the engine, keeps them as a preset, and takes them up in another chat", { timeout: 120_000 }, async () => {
  const { page } = await inside("tuner", "/", { model: "echo" });
  await page.getByRole("button", { name: "Settings of this chat" }).click();
  const drawer = page.getByRole("dialog", { name: "Settings of this chat" });
  await drawer.getByRole("textbox", { name: "System prompt" }).fill("Answer like a sailor.");
  await drawer.getByRole("textbox", { name: "Temperature" }).fill("0,35");
  await drawer.getByRole("textbox", { name: "Longest answer" }).fill("99");
  await drawer.getByRole("textbox", { name: "Stop texts" }).fill("AHOY");
  await drawer.getByRole("button", { name: "Add", exact: true }).click();
  await drawer.getByRole("button", { name: "Keep these as a preset" }).click();
  await drawer.getByRole("textbox", { name: "Name of the preset" }).fill("Sailor");
  await drawer.getByRole("button", { name: "Keep", exact: true }).click();
  await drawer.getByRole("combobox", { name: "Preset" }).waitFor();
  await page.keyboard.press("Escape");
  await answered(page, "say:aye");
  expect(await lastAsked()).toMatchObject({ temperature: 0.35, max_tokens: 99, stop: ["AHOY"] });
  expect((await lastAsked())?.messages[0]).toMatchObject({ role: "system", content: "Answer like a sailor." });

  await page.getByRole("link", { name: "New chat" }).first().click();
  await page.waitForURL((url) => url.pathname === "/");
  await page.getByRole("button", { name: "Settings of this chat", exact: true }).click();
  expect(await drawer.getByRole("textbox", { name: "Temperature" }).inputValue()).toBe("");
  await drawer.getByRole("combobox", { name: "Preset" }).click();
  await page.getByRole("option", { name: "Sailor" }).click();
  await expect.poll(() => drawer.getByRole("textbox", { name: "Temperature" }).inputValue()).toBe("0.35");
  await drawer.getByRole("combobox", { name: "Form of the answer" }).click();
  await page.getByRole("option", { name: "JSON", exact: true }).click();
  await page.keyboard.press("Escape");
  await answered(page, 'say:{"a": 1}');
  expect(await lastAsked()).toMatchObject({ temperature: 0.35, response_format: { type: "json_object" } });
});

/** One red point. */
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC", "base64");

it("shows pictures to models that see, keeps them, and refuses them for others", { timeout: 120_000 }, async () => {
  const { page } = await inside("painter", "/", { model: SEEING });
  const attach = async (name: string) => {
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: /^Attach/ }).click()]);
    await chooser.setFiles({ name, mimeType: "image/png", buffer: PICTURE });
  };
  await attach("point.png");
  await page.getByRole("button", { name: "Remove point.png" }).waitFor();
  await ask(page, "say:a red point");
  await page.waitForURL("**/c/**");
  await whole(page);
  const content = (await lastAsked())?.messages.at(-1)?.content;
  expect(JSON.stringify(content)).toContain("data:image/");
  const picture = page.getByRole("img", { name: "Attached picture 1" });
  await expect.poll(() => picture.evaluate((each) => (each as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  await page.reload();
  await answers(page).last().getByText("a red point").waitFor();
  await expect.poll(() => picture.evaluate((each) => (each as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  // Dropped beside the field, anywhere on the page, it is attached too and does not take the chat's place.
  await answers(page).last().evaluate((answer) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["some notes"], "notes.txt", { type: "text/plain" }));
    for (const type of ["dragover", "drop"]) answer.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  });
  await page.getByRole("button", { name: "Remove notes.txt" }).click();

  await page.getByRole("link", { name: "New chat" }).first().click();
  await page.waitForURL((url) => url.pathname === "/");
  await chooseModel(page, "echo");
  await attach("other.png");
  await page.getByText("other.png: this model cannot see pictures.", { exact: false }).waitFor();
  expect(await page.getByRole("button", { name: "Remove other.png" }).count()).toBe(0);
});
