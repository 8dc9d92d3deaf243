import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { LOCALES, type MessageKey } from "./locale";
import { ar } from "./messages/ar";
import { de } from "./messages/de";
import { en } from "./messages/en";
import { type Message, placeholders } from "./text";

const source = resolve(import.meta.dirname, "..");
const keys = Object.keys(en) as MessageKey[];

function forms(message: Message): string[] {
  return typeof message === "string" ? [message] : Object.values(message);
}

describe.each([
  ["de", de],
  ["ar", ar],
] as const)("%s", (locale, messages) => {
  it("has a text for every key and no other", () => {
    expect(Object.keys(messages).sort()).toEqual([...keys].sort());
  });

  it("names the same values as the English text", () => {
    const different = keys.filter((key) => {
      const wanted = placeholders(en[key]);
      return forms(messages[key]).some((form) => placeholders(form).some((name) => !wanted.includes(name)));
    });
    expect(different).toEqual([]);
  });

  it("has every plural form of its language where English has a plural", () => {
    const needed = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    const missing = keys.filter((key) => {
      const message = messages[key];
      if (typeof en[key] === "string" || typeof message === "string") return typeof en[key] !== typeof message;
      return needed.some((form) => !(form in message));
    });
    expect(missing).toEqual([]);
  });
});

it("every text is used somewhere", () => {
  const files = readdirSync(source, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.includes("messages"),
  );
  const code = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8")).join("\n");
  expect(keys.filter((key) => !code.includes(`"${key}"`))).toEqual([]);
});

it("has no key in two files", () => {
  const files = import.meta.glob<Record<string, Record<string, Message>>>("./messages/en/*.ts", { eager: true });
  const all = Object.values(files).flatMap((module) => Object.values(module).flatMap((messages) => Object.keys(messages)));
  expect(all.filter((key, index) => all.indexOf(key) !== index)).toEqual([]);
});

it("names every language in itself", () => {
  expect(Object.keys(LOCALES)).toEqual(["en", "de", "ar"]);
});
