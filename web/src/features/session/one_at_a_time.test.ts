import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { alone } from "./one_at_a_time";

// Pages over plain HTTP have no locks: what is tested here is the lease that stands in for them.
beforeEach(() => {
  vi.useFakeTimers();
  Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
});
afterEach(() => vi.useRealTimers());

it("lets one work at a time", async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 100));
    inside -= 1;
  };
  const all = Promise.all([alone("x", work), alone("x", work), alone("x", work)]);
  await vi.advanceTimersByTimeAsync(2_000);
  await all;
  expect(most).toBe(1);
});

it("does not wait for ever for a tab that was closed in the middle", async () => {
  localStorage.setItem("x.lease", JSON.stringify({ by: "a closed tab", until: Date.now() + 5_000 }));
  const done = vi.fn(async () => "done");
  const waiting = alone("x", done);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(done).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2_000);
  await expect(waiting).resolves.toBe("done");
});

it("lets the next one in when the work fails", async () => {
  const failing = alone("x", async () => {
    throw new Error("no");
  });
  const failed = expect(failing).rejects.toThrow("no");
  await vi.advanceTimersByTimeAsync(100);
  await failed;
  expect(localStorage.getItem("x.lease")).toBeNull();
});
