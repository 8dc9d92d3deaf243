import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

beforeEach(() => {
  vi.stubGlobal("fetch", () => Promise.reject(new Error("this test has not said what the service answers")));
});

afterEach(() => {
  cleanup();
  localStorage.clear();
});
