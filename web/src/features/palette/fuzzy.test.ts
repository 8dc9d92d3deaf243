import { expect, it } from "vitest";
import { rank, score } from "./fuzzy";

const items = ["New chat", "Compare models", "Dark theme", "Log out", "Account", "API keys", "Überblick"].map((label) => ({ id: label, label }));
const ranked = (query: string, recent: string[] = []) => rank(items, query, recent).map((each) => each.label);

it("prefers beginnings of the text, then of words, then parts, then letters", () => {
  const points = ["chat", "chat room", "new chat", "snapchat", "catch hat"].map((text) => score("chat", text) ?? -1);
  expect([...points].sort((one, other) => other - one)).toEqual(points);
});

it("finds by first letters, without accents and in any order of words", () => {
  expect(ranked("nc")[0]).toBe("New chat");
  expect(ranked("uber")).toEqual(["Überblick"]);
  expect(ranked("models comp")).toEqual(["Compare models"]);
});

it("does not find letters that are strewn by chance", () => {
  expect(score("xyz", "New chat")).toBeNull();
  expect(score("api", "Plan a weekend with children in a city by the sea")).toBeNull();
});

it("puts what was used last first, and before equals while typing", () => {
  expect(ranked("", ["Log out", "Account"]).slice(0, 2)).toEqual(["Log out", "Account"]);
  expect(rank([{ id: "1", label: "Chat one" }, { id: "2", label: "Chat two" }], "chat", ["2"])[0]?.id).toBe("2");
});

it("finds by other words, after those that are called so", () => {
  const found = rank([{ id: "1", label: "Appearance", words: "dark" }, { id: "2", label: "Dark" }], "dark", []);
  expect(found.map((each) => each.id)).toEqual(["2", "1"]);
});

it("stays quick with many items and long texts", () => {
  const many = Array.from({ length: 10_000 }, (_, index) => ({ id: String(index), label: `Conversation number ${index} about something` }));
  expect(rank(many, "conversation 9999", [])[0]?.id).toBe("9999");
  expect(score("q".repeat(100), "ab".repeat(1000))).toBeNull();
});
