import { expect, it } from "vitest";
import { imagesOf, splitFiles, textOf, withFiles } from "./message_text";

it("finds the text and the pictures of a message", () => {
  const content = [
    { type: "text" as const, text: "what is " },
    { type: "image_url" as const, image_url: { url: "data:image/png;base64,AAAA", detail: "auto" } },
    { type: "text" as const, text: "this?" },
  ];
  expect(textOf(content)).toBe("what is this?");
  expect(imagesOf(content)).toEqual(["data:image/png;base64,AAAA"]);
  const kept = { type: "image_url" as const, image_url: { url: "covey-attachment:att_1", detail: "auto" } };
  expect(imagesOf([kept])).toEqual(["covey-attachment:att_1"]);
  expect(textOf(null)).toBe("");
  expect(imagesOf("text")).toEqual([]);
});

it("shows no pictures that would have to be fetched or could hold script", () => {
  const image = (url: string) => ({ type: "image_url" as const, image_url: { url, detail: "auto" } });
  expect(imagesOf([image("https://example.org/a.png"), image("data:image/svg+xml;base64,AAAA"), image("data:text/html,x")])).toEqual([]);
});

it.each([
  ["a plain file", [{ name: "a.py", text: "print(1)\n" }], "Explain."],
  ["files with fences in them", [{ name: "a.md", text: "```\ncode\n```\n" }, { name: "b", text: "````\n" }], "Hello"],
  ["an empty file", [{ name: "empty.txt", text: "\n" }], "x"],
  ["no file", [], "File: nothing\n```\nunfinished"],
])("puts in and takes out again: %s", (_, files, text) => {
  expect(splitFiles(withFiles(text, files))).toEqual({ files, text });
});

it("keeps names on one line", () => {
  expect(withFiles("", [{ name: "a\nb```.txt", text: "x" }]).split("\n")[0]).toBe("File: a b   .txt");
});
