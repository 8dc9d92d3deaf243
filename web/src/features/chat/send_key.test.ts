import { afterEach, expect, it } from "vitest";
import { readStored } from "@/lib/storage";
import { chooseSendKey, sends, useSendKey } from "./send_key";

const press = (facts: Partial<KeyboardEvent> = {}) =>
  ({ key: "Enter", shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, isComposing: false, keyCode: 13, ...facts }) as KeyboardEvent;

afterEach(() => chooseSendKey("enter"));

it("sends with Enter, or with Ctrl+Enter alone", () => {
  expect([press(), press({ ctrlKey: true }), press({ metaKey: true })].map((event) => sends(event, "enter"))).toEqual([true, true, true]);
  expect([press(), press({ ctrlKey: true }), press({ metaKey: true })].map((event) => sends(event, "command"))).toEqual([false, true, true]);
});

it("never sends with Shift+Enter, other keys, or while an input method composes", () => {
  const others = [press({ shiftKey: true }), press({ altKey: true }), press({ key: "a" }), press({ isComposing: true }), press({ keyCode: 229 })];
  expect(others.some((event) => sends(event, "enter") || sends({ ...event, ctrlKey: event.key !== "Enter" }, "command"))).toBe(false);
});

it("remembers what was chosen", () => {
  chooseSendKey("command");
  expect([useSendKey.getState().sendKey, readStored("covey.send-key"), sends(press())]).toEqual(["command", "command", false]);
});
