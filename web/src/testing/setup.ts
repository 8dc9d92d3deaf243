import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";
import { useLocaleState } from "@/i18n/locale";
import { en } from "@/i18n/messages/en";

useLocaleState.setState({ locale: "en", messages: en });

beforeEach(() => {
  vi.stubGlobal("fetch", () => Promise.reject(new Error("this test has not said what the service answers")));
});

afterEach(() => {
  cleanup();
  localStorage.clear();
});
