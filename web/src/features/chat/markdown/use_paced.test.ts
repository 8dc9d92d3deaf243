import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { usePaced } from "./use_paced";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("follows short texts at once, and long ones in steps that never go back", () => {
  const hook = renderHook(({ text, closed }) => usePaced(text, closed), { initialProps: { text: "a", closed: false } });
  const lengths: number[] = [];
  for (let length = 100; length <= 6000; length += 100) {
    hook.rerender({ text: "a".repeat(length), closed: false });
    lengths.push(hook.result.current.length);
  }
  expect(lengths.slice(0, 30)).toEqual(Array.from({ length: 30 }, (_, index) => (index + 1) * 100));
  expect(lengths).toEqual([...lengths].sort((one, other) => one - other));
  expect(lengths.at(-1)).toBe(3000);
  act(() => void vi.advanceTimersByTime(250));
  expect(hook.result.current).toHaveLength(6000);
  hook.rerender({ text: "a".repeat(6001), closed: true });
  expect(hook.result.current).toHaveLength(6001);
});
