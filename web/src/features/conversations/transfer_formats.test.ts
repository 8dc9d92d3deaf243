import { expect, it } from "vitest";
import type { Conversation } from "@/lib/api_types";
import { asJson, asMarkdown, fileName } from "./export_formats";
import { ImportError, readImport } from "./import_formats";

function message(id: string, parent_id: string | null, role: string, content: string, facts: object = {}) {
  return { id, parent_id, created_at: Number(id), model: role === "assistant" ? "smol" : null, message: { role, content, reasoning: null, tool_calls: [], ...facts } };
}

const conversation = {
  info: { id: "c", title: "A *title*\nof two lines", folder: "Work", pinned: true, model: "smol", created_at: 5, active_leaf: "3" },
  settings: { system_prompt: "Be brief" },
  messages: [message("1", null, "user", "Question"), message("2", "1", "assistant", "Other answer"), message("3", "1", "assistant", "Answer", { reasoning: "</details><script>" })],
} as unknown as Conversation;

const labels = { untitled: "New chat", you: "You", system: "System", tool: "Tool", reasoning: "Thoughts", picture: "Picture" };

it("imports what it has exported", () => {
  expect(readImport(asJson([conversation], new Date(0)))).toEqual([
    { title: "A *title*\nof two lines", folder: "Work", pinned: true, model: "smol", created_at: 5, active_leaf: "3", settings: { system_prompt: "Be brief" }, messages: conversation.messages },
  ]);
});

it("writes the shown branch for people", () => {
  expect(asMarkdown(conversation, labels)).toBe(
    "# A *title* of two lines\n\n## System\n\nBe brief\n\n## You\n\nQuestion\n\n## smol\n\n" +
      "<details><summary>Thoughts</summary>\n\n&lt;/details>&lt;script>\n\n</details>\n\nAnswer\n",
  );
});

it("makes file names that every system takes", () => {
  expect(fileName("../../etc/passwd\u0000", "json")).toBe("etc-passwd.json");
  expect(fileName("مرحبا بالعالم", "md")).toBe("مرحبا-بالعالم.md");
  expect(fileName("CON", "md")).toBe("chat-CON.md");
  expect(fileName("???", "md")).toBe("chat.md");
  expect(fileName("😀".repeat(5) + "x".repeat(200), "md")).toHaveLength(63);
});

function problemOf(text: string): string {
  try {
    readImport(text);
    return "none";
  } catch (error) {
    return (error as ImportError).problem;
  }
}

it("says why a file cannot be imported", () => {
  expect(problemOf("<html>")).toBe("notJson");
  expect(problemOf("[]")).toBe("unknownFormat");
  expect(problemOf('{"a": 1}')).toBe("unknownFormat");
  expect(problemOf("null")).toBe("unknownFormat");
  expect(problemOf('{"format": "covey.conversations", "version": 2, "conversations": []}')).toBe("newerVersion");
  expect(problemOf('{"format": "covey.conversations", "version": 1, "conversations": []}')).toBe("empty");
  expect(problemOf('{"format": "covey.conversations", "version": 1, "conversations": [{}]}')).toBe("unknownFormat");
});

it("reads ChatGPT's export: branches stay, nodes without words go", () => {
  const said = (role: string, text: unknown, create_time = 1) => ({ author: { role }, content: { content_type: "text", parts: [text] }, create_time });
  const mapping = {
    answer: { parent: "question", message: said("assistant", "Hello", 3) },
    root: { parent: null, message: null },
    system: { parent: "root", message: said("system", "") },
    question: { parent: "system", message: said("user", "Hi", 2) },
    again: { parent: "question", message: said("assistant", { picture: 1 }) },
    loop: { parent: "loop", message: said("user", "lost") },
  };
  expect(readImport(JSON.stringify([{ title: "T", create_time: 9, current_node: "answer", mapping }]))).toEqual([
    {
      title: "T",
      created_at: 9,
      active_leaf: "answer",
      messages: [
        { id: "question", parent_id: null, created_at: 2, message: { role: "user", content: "Hi" } },
        { id: "answer", parent_id: "question", created_at: 3, message: { role: "assistant", content: "Hello" } },
      ],
    },
  ]);
});
