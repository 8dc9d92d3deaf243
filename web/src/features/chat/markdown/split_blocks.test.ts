import { describe, expect, it } from "vitest";
import { isOpenFence, splitBlocks } from "./split_blocks";

const blocks = (text: string) => splitBlocks(text).blocks.map((block) => block.trim()).filter(Boolean);

describe("splitBlocks", () => {
  it("cuts between paragraphs", () => {
    expect(blocks("one\ntwo\n\nthree\n")).toEqual(["one\ntwo", "three"]);
  });

  it("keeps lists, also with empty lines between their items, in one", () => {
    expect(blocks("- a\n\n- b\n\n  more of b\n\nafter\n")).toEqual(["- a\n\n- b\n\n  more of b", "after"]);
    expect(blocks("1. a\n\n2. b\n\n```\ncode\n```\n\n3. c\n")[0]).toContain("2. b");
  });

  it("keeps code together, with its empty lines", () => {
    expect(blocks("text\n```py\na\n\nb\n```\nafter\n")).toEqual(["text", "```py\na\n\nb\n```", "after"]);
    expect(blocks("````\n```\n\nx\n```\n\n````\n")).toHaveLength(1);
  });

  it("keeps formulas together", () => {
    expect(blocks("$$\na\n\nb\n$$\n\nafter\n")).toEqual(["$$\na\n\nb\n$$", "after"]);
    expect(blocks("\\[\na\n\nb\n\\]\n\nafter\n")).toEqual(["\\[\na\n\nb\n\\]", "after"]);
  });

  it("loses and doubles nothing, however a text grows", () => {
    const text = "# Title\n\nText with `code`.\n\n- a\n  - b\n\n- c\n\n```js\nlet a;\n\nlet b;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n$$\nx\n\ny\n$$\n\nEnd";
    let state = splitBlocks("");
    for (let length = 0; length <= text.length; length += 3) {
      state = splitBlocks(text.slice(0, length), state);
      expect(state.blocks.join("")).toBe(text.slice(0, length));
    }
    expect(splitBlocks(text, state).blocks).toEqual(splitBlocks(text).blocks);
  });

  it("closes blocks for good", () => {
    let state = splitBlocks("one\n\ntwo\n\nthr");
    const closed = state.blocks.slice(0, -1);
    state = splitBlocks("one\n\ntwo\n\nthree\n\nfour", state);
    expect(state.blocks.slice(0, closed.length)).toEqual(closed);
  });

  it("begins anew for another text", () => {
    expect(splitBlocks("b", splitBlocks("a\n\nb")).blocks).toEqual(["b"]);
  });
});

it("knows code that is still being written", () => {
  expect(isOpenFence("```js\nlet a")).toBe(true);
  expect(isOpenFence("```js")).toBe(true);
  expect(isOpenFence("```js\nlet a\n```\n")).toBe(false);
  expect(isOpenFence("text")).toBe(false);
});
