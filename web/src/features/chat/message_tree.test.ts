import { describe, expect, it } from "vitest";
import type { StoredMessage } from "@/lib/api_types";
import { branchBelow, branchesOf, leafBelow, pathTo, treeOf } from "./message_tree";

let clock = 0;

function message(id: string, parent: string | null, createdAt = (clock += 1)): StoredMessage {
  return { id, parent_id: parent, created_at: createdAt, message: { role: "user", content: id } } as StoredMessage;
}

const ids = (messages: StoredMessage[]) => messages.map((each) => each.id);
// q1 ─ a1 ─ q2 ─ a2
//    └ a1b ─ q3
const branched = [
  message("q1", null),
  message("a1", "q1"),
  message("q2", "a1"),
  message("a2", "q2"),
  message("a1b", "q1"),
  message("q3", "a1b"),
];

describe("pathTo", () => {
  it("shows the branch of the chosen message, down to its end", () => {
    const tree = treeOf(branched);
    expect(ids(pathTo(tree, "a1"))).toEqual(["q1", "a1", "q2", "a2"]);
    expect(ids(pathTo(tree, "q3"))).toEqual(["q1", "a1b", "q3"]);
  });

  it("shows the newest branch when nothing is chosen or the chosen message is gone", () => {
    const tree = treeOf(branched);
    expect(ids(pathTo(tree, null))).toEqual(["q1", "a1b", "q3"]);
    expect(ids(pathTo(tree, "deleted"))).toEqual(["q1", "a1b", "q3"]);
  });

  it("is empty for no messages", () => {
    expect(pathTo(treeOf([]), null)).toEqual([]);
  });

  it("orders by time, whatever the order of arrival", () => {
    const tree = treeOf([message("late", null, 9), message("early", null, 3)]);
    expect(tree.children.get("")).toEqual(["early", "late"]);
  });

  it("takes messages without a parent that exists as first ones", () => {
    expect(ids(pathTo(treeOf([message("orphan", "gone"), message("below", "orphan")]), null))).toEqual(["orphan", "below"]);
  });

  it("ends for messages that name each other as parents", () => {
    const tree = treeOf([message("one", "two"), message("two", "one"), message("self", "self")]);
    expect(pathTo(tree, "one").length).toBeLessThanOrEqual(2);
    expect(ids(pathTo(tree, "self"))).toEqual(["self"]);
    expect(branchBelow(tree, "one").length).toBeLessThanOrEqual(2);
  });

  it("is quick for a chain of two thousand", () => {
    const chain = Array.from({ length: 2000 }, (_, index) => message(`m${index}`, index === 0 ? null : `m${index - 1}`));
    expect(pathTo(treeOf(chain), null)).toHaveLength(2000);
  });
});

describe("branches", () => {
  it("counts what stands in the same place", () => {
    const tree = treeOf(branched);
    expect(branchesOf(tree, branched[4]!)).toEqual({ ids: ["a1", "a1b"], index: 1 });
    expect(branchesOf(tree, branched[0]!)).toEqual({ ids: ["q1"], index: 0 });
  });

  it("leads to the end of a branch and holds all of it", () => {
    const tree = treeOf(branched);
    expect(leafBelow(tree, "a1")).toBe("a2");
    expect(branchBelow(tree, "a1").sort()).toEqual(["a1", "a2", "q2"]);
  });
});
