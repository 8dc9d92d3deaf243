// A chat of 500 messages while an answer streams into it, beside the same answer in a new chat and a page at rest.
import { costOf, restingFrames } from "./measure_frames.mjs";

const MESSAGES = 500;
const FRAMES = 480;

const PROSE = "A paragraph with **bold**, *italic* and `code`, a [link](https://example.org/), and enough words to break into several lines of the column that it stands in. ".repeat(3);
const PARTS = [
  PROSE,
  `### Steps\n\n1. First of all\n2. Then the *second*\n3. And the \`third\`\n\n${PROSE}`,
  "```python\ndef mean(values):\n    \"\"\"The arithmetic mean.\"\"\"\n    return sum(values) / len(values)\n```\n\n" + PROSE,
  "| name | value | unit |\n|---|---:|---|\n| length | 12.5 | m |\n| mass | 3 | kg |\n\n" + PROSE,
  `The energy is $E = mc^2$, and\n\n$$\n\\int_0^1 x^2 \\, dx = \\frac{1}{3}\n$$\n\n${PROSE}`,
];

function longConversation(model) {
  const messages = Array.from({ length: MESSAGES }, (_, index) => ({
    ...{ id: `msg_${index}`, parent_id: index === 0 ? null : `msg_${index - 1}`, created_at: Date.now() / 1000 - MESSAGES + index },
    message: index % 2 === 0 ? { role: "user", content: `Question ${index / 2 + 1}: how does this go on?` } : { role: "assistant", content: `${PARTS[index % PARTS.length]}\n\n${PARTS[(index + 2) % PARTS.length]}` },
    ...(index % 2 === 1 && { model, finish_reason: "stop" }),
  }));
  return { title: "A long chat", model, messages };
}

/** Makes a conversation of 500 messages; its id. */
export async function makeLongChat(call, model) {
  const { info } = await call("POST", "/covey/v1/conversations", longConversation(model));
  return info.id;
}

async function streamingFrames(page) {
  await page.getByRole("textbox", { name: "Your message" }).fill("Tell me more");
  await page.getByRole("button", { name: "Send" }).click();
  const answer = page.locator("article[aria-busy=true]");
  await answer.getByText("paragraph").first().waitFor();
  const cost = await costOf(page, () => restingFrames(page, FRAMES));
  if ((await answer.count()) !== 1) throw new Error("the answer ended before the measurement did");
  await page.getByRole("button", { name: "Stop the answer" }).click();
  await answer.waitFor({ state: "detached" });
  return cost;
}

/** What frames cost: of the long chat and of a new one while an answer streams in, and of the long one at rest. */
export async function chats(page, address, longChat) {
  await page.goto(`${address}/c/${longChat}`);
  await page.locator("article").last().waitFor();
  await page.waitForTimeout(5500); // a chat that was just opened holds itself to its end for five seconds
  const resting = await costOf(page, () => restingFrames(page, FRAMES / 2));
  const long = await streamingFrames(page);
  await page.goto(`${address}/`);
  const short = await streamingFrames(page);
  return { "chat of 500 messages at rest": resting, "answer in a chat of 500 messages": long, "answer in a new chat": short };
}
