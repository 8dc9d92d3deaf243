import { expect, it } from "vitest";
import type { MessageKey } from "@/i18n/locale";
import { de } from "@/i18n/messages/de";
import { askedBy, keyName, shortcutsWith } from "./shortcuts";

function asked(facts: KeyboardEventInit, target: HTMLElement = document.body) {
  let found: string | null = null;
  const listen = (event: KeyboardEvent) => {
    found = askedBy(event);
  };
  document.body.append(target === document.body ? document.createElement("i") : target);
  document.addEventListener("keydown", listen, { once: true });
  target.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, ...facts }));
  return found;
}

it("knows its keys, with Ctrl and with Command", () => {
  expect(asked({ key: "k", ctrlKey: true })).toBe("palette");
  expect(asked({ key: "K", metaKey: true })).toBe("palette");
  expect(asked({ key: "O", ctrlKey: true, shiftKey: true })).toBe("newChat");
  expect(asked({ key: "?", shiftKey: true })).toBe("sheet");
});

it("tells the key that sends as it is in force", () => {
  const keysOf = (sendKey: "enter" | "command", label: string) =>
    shortcutsWith(sendKey).flatMap((group) => group.shortcuts).find((each) => each.label === label)?.keys.join("+");
  expect([keysOf("enter", "shortcutSend"), keysOf("enter", "shortcutNewLine")]).toEqual(["Enter", "Shift+Enter"]);
  expect([keysOf("command", "shortcutSend"), keysOf("command", "shortcutNewLine")]).toEqual(["Ctrl+Enter", "Enter"]);
});

it("takes no single keys from fields, and none while a word is composed", () => {
  expect(asked({ key: "?", shiftKey: true }, document.createElement("textarea"))).toBeNull();
  expect(asked({ key: "k", ctrlKey: true }, document.createElement("input"))).toBe("palette");
  expect(asked({ key: "?", isComposing: true })).toBeNull();
  const radio = document.createElement("input");
  radio.type = "radio";
  expect(asked({ key: "?", shiftKey: true }, radio)).toBe("sheet");
  expect(asked({ key: "k" })).toBeNull();
  expect(asked({ key: "k", ctrlKey: true, altKey: true })).toBeNull();
});

it("names keys as they are printed where a language is spoken", () => {
  const inGerman = (key: MessageKey) => String(de[key]);
  expect(["Ctrl", "Shift", "Enter", "Del", "⌘", "K"].map((key) => keyName(key, inGerman))).toEqual(["Strg", "Umschalt", "Eingabe", "Entf", "⌘", "K"]);
});
