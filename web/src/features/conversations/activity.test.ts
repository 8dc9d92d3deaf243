import { beforeEach, expect, it } from "vitest";
import { noteChange, setOpen, setRunning, useActivity } from "./activity";

beforeEach(() => useActivity.setState({ running: {}, unread: {}, open: null }));

const started = (conversation_id: string, generation_id: string) => noteChange({ kind: "generation_started", conversation_id, generation_id });
const ended = (conversation_id: string, generation_id: string) => noteChange({ kind: "generation_ended", conversation_id, generation_id });

it("shows what runs until its last generation has ended, and then that it is unread", () => {
  started("a", "1");
  started("a", "2");
  ended("a", "1");
  expect(useActivity.getState()).toMatchObject({ running: { a: ["2"] } });
  ended("a", "2");
  expect(useActivity.getState().running).toEqual({});
  expect(useActivity.getState().unread).toEqual({ a: true });
  setOpen("a");
  expect(useActivity.getState().unread).toEqual({});
});

it("counts what ends on the page as read", () => {
  setOpen("a");
  started("a", "1");
  ended("a", "1");
  expect(useActivity.getState().unread).toEqual({});
});

it("counts what ended while the connection was lost as unread", () => {
  started("a", "1");
  started("b", "2");
  setRunning([{ id: "2", conversation_id: "b" }, { id: "3", conversation_id: null }]);
  expect(useActivity.getState()).toMatchObject({ running: { b: ["2"] }, unread: { a: true } });
});

it("forgets what was deleted", () => {
  started("a", "1");
  noteChange({ kind: "deleted", conversation_id: "a", generation_id: null });
  expect(useActivity.getState().running).toEqual({});
});
