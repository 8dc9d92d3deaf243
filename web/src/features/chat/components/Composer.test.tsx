import { createEvent, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { createRef } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api_error";
import { changeDraft, draftOf, NEW_CHAT, useDrafts } from "../drafts";
import { chooseSendKey } from "../send_key";
import { Composer } from "./Composer";

const calls = { onSend: vi.fn(), onStop: vi.fn(), onRecall: vi.fn() };

function show(more: Partial<Parameters<typeof Composer>[0]> = {}) {
  render(
    <Composer
      draftKey={NEW_CHAT}
      input={createRef<HTMLTextAreaElement>()}
      vision={false}
      running={false}
      ready
      used={0}
      contextLength={null}
      {...calls}
      {...more}
    />,
  );
  return screen.getByRole("textbox", { name: "Your message" });
}

beforeEach(() => {
  useDrafts.setState({ drafts: {} });
  chooseSendKey("enter");
  Object.values(calls).forEach((call) => call.mockReset());
});

it("sends with Enter, and begins a line with Shift+Enter", async () => {
  const field = show();
  await userEvent.type(field, "one{Shift>}{Enter}{/Shift}two");
  expect(draftOf(NEW_CHAT).text).toBe("one\ntwo");
  expect(calls.onSend).not.toHaveBeenCalled();
  await userEvent.type(field, "{Enter}");
  expect(calls.onSend).toHaveBeenCalledTimes(1);
});

it("sends with Ctrl+Enter alone where that was chosen", async () => {
  chooseSendKey("command");
  const field = show();
  await userEvent.type(field, "one{Enter}two");
  expect(draftOf(NEW_CHAT).text).toBe("one\ntwo");
  expect(calls.onSend).not.toHaveBeenCalled();
  expect(field.getAttribute("aria-describedby")).toBe("composer-help");
  expect(document.getElementById("composer-help")?.textContent).toBe("Ctrl+Enter sends, Enter begins a new line.");
  await userEvent.type(field, "{Control>}{Enter}{/Control}");
  expect(calls.onSend).toHaveBeenCalledTimes(1);
});

it("leaves Enter to input methods", async () => {
  changeDraft(NEW_CHAT, { text: "にほ" });
  const field = show();
  const composing = createEvent.keyDown(field, { key: "Enter", isComposing: true });
  fireEvent(field, composing);
  fireEvent.keyDown(field, { key: "Enter", keyCode: 229 });
  expect(calls.onSend).not.toHaveBeenCalled();
});

it("sends nothing that is empty, and nothing while an answer is made", async () => {
  const field = show();
  await userEvent.type(field, "  {Enter}");
  expect(calls.onSend).not.toHaveBeenCalled();
  expect((screen.getByRole("button", { name: "Send" }) as HTMLButtonElement).disabled).toBe(true);
});

it("stops instead of sending while an answer is made", async () => {
  changeDraft(NEW_CHAT, { text: "next" });
  const field = show({ running: true });
  await userEvent.type(field, "{Enter}");
  await userEvent.click(screen.getByRole("button", { name: "Stop the answer" }));
  expect([calls.onSend.mock.calls.length, calls.onStop.mock.calls.length]).toEqual([0, 1]);
});

it("recalls the last question with Up only in an empty field", async () => {
  const field = show();
  await userEvent.type(field, "a{ArrowUp}");
  expect(calls.onRecall).not.toHaveBeenCalled();
  await userEvent.clear(field);
  await userEvent.type(field, "{ArrowUp}");
  expect(calls.onRecall).toHaveBeenCalledTimes(1);
});

it("takes pasted files, and lets them be removed with the keyboard", async () => {
  const field = show();
  fireEvent.paste(field, { clipboardData: { files: [new File(["print(1)"], "a.py")], types: ["Files"] } });
  const remove = await screen.findByRole("button", { name: "Remove a.py" });
  remove.focus();
  await userEvent.keyboard("{Delete}");
  await waitFor(() => expect(draftOf(NEW_CHAT).attachments).toEqual([]));
});

it("pastes the text of what is also a picture", () => {
  const field = show({ vision: true });
  fireEvent.paste(field, { clipboardData: { files: [new File(["x"], "table.png", { type: "image/png" })], types: ["text/plain", "Files"] } });
  expect(draftOf(NEW_CHAT).attachments).toEqual([]);
});

it("keeps a question that was not taken, with the reason", () => {
  changeDraft(NEW_CHAT, { text: "again", error: new ApiError("quota_exceeded", "the limit is reached", { requestId: "req_1" }) });
  const field = show();
  expect(screen.getByText("req_1")).toBeTruthy();
  expect((field as HTMLTextAreaElement).value).toBe("again");
});
