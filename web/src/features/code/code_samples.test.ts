import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import type { ChatMessage } from "@/lib/api_types";
import { bodyOf, codeFor, type CodeRequest, pythonValue, shellWord, variableFor, wellFormed } from "./code_samples";

const HOSTILE = [
  "it's",
  "'; rm -rf ~ #",
  '"); import os; os.system("x") #',
  "${process.exit()} `id` $(id) !! \\",
  "two\nlines\tand \r\x1b[31mred\x07",
  "\u202Eright to left\u2066 zero\u200bwidth \u2028line",
  "emoji 😀 العربية",
  "\ud800 half",
  "-p --model",
  "",
  "%s %n \\u0041 \\x41",
];

const user = (content: ChatMessage["content"]) => ({ role: "user", content }) as ChatMessage;
const request = (text: string): CodeRequest => ({
  model: "smol:135m",
  messages: [{ role: "system", content: text } as ChatMessage, user(text)],
  sampling: { temperature: 0.5, top_k: 40, stop: [text || "x"], seed: null } as CodeRequest["sampling"],
});

/** What a shell makes of the words after `printf`. */
function throughShell(words: string): string[] {
  return execFileSync("bash", ["-c", `printf '%s\\0' ${words}`]).toString().split("\0").slice(0, -1);
}

it.each(HOSTILE)("a shell gives back %j as one word", (text) => {
  expect(throughShell(shellWord(text))).toEqual([wellFormed(text)]);
});

it.each(HOSTILE)("curl sends exactly the body with %j", (text) => {
  const code = codeFor("curl", request(text), "https://covey.example");
  const words = throughShell(code.replace(/^curl /, "").replaceAll("\\\n", " "));
  expect(words[0]).toBe("https://covey.example/v1/chat/completions");
  expect(JSON.parse(words.at(-1) ?? "")).toEqual(bodyOf(request(wellFormed(text))));
});

it.each(HOSTILE)("Python reads back %j", (text) => {
  const value = { [text]: [text, null, true, 0.5, {}] };
  const program = `import json, sys; sys.stdout.write(json.dumps(${pythonValue(value)}))`;
  expect(JSON.parse(execFileSync("python3", ["-c", program]).toString())).toEqual({ [wellFormed(text)]: [wellFormed(text), null, true, 0.5, {}] });
});

it.each(HOSTILE)("JavaScript sends exactly the body with %j", (text) => {
  const code = codeFor("javascript", request(text), "https://covey.example");
  const literal = /create\(([^]*)\);\nfor await/.exec(code)?.[1] ?? "";
  expect(new Function(`return ${literal}`)()).toEqual({ ...bodyOf(request(wellFormed(text))), stream: true });
});

it.each(HOSTILE)("covey run gets %j as its last word", (text) => {
  const words = throughShell(codeFor("covey", request(text), "https://covey.example").replaceAll("\\\n", " "));
  expect(words.slice(0, 6)).toEqual(["covey", "--url", "https://covey.example", "run", "--model", "smol:135m"]);
  expect(words.slice(-2)).toEqual(["--", wellFormed(text)]);
});

it.each(["curl", "python", "javascript", "fetch", "covey"] as const)("%s holds nothing that cannot be seen", (language) => {
  const code = codeFor(language, request(HOSTILE.join(" ")), "https://covey.example");
  // eslint-disable-next-line no-control-regex -- these are what must not be there
  expect(code).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
});

it("leaves out what is not set, and pictures", () => {
  const picture = user([{ type: "text", text: "What is this?" }, { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(9000)}`, detail: "auto" } }]);
  const body = bodyOf({ ...request("a"), messages: [picture], reasoning_effort: null });
  expect(body).not.toHaveProperty("seed");
  expect(body).not.toHaveProperty("reasoning_effort");
  expect(JSON.stringify(body)).not.toContain("AAAA");
  expect(codeFor("covey", { model: "m", messages: [picture] }, "")).toContain("-- 'What is this?'");
});

it("puts what Python's package does not know into extra_body", () => {
  const code = codeFor("python", request("a"), "https://covey.example");
  expect(code).toContain('extra_body={\n        "top_k": 40,\n    }');
  expect(code).not.toMatch(/^ {4}top_k=/m);
});

it("says what to set so that the code finds its key", () => {
  expect(variableFor("sk-covey-1")).toBe("export COVEY_API_KEY=sk-covey-1");
  expect(variableFor("sk 1")).toBe("export COVEY_API_KEY='sk 1'");
});
