import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { PresetBar } from "./PresetBar";

it("gives the focus back when the name is given, and when it is not", async () => {
  vi.stubGlobal("fetch", async () => Response.json({ values: {} }));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <PresetBar settings={{}} onApply={vi.fn()} />
    </QueryClientProvider>,
  );
  const opener = () => screen.getByRole("button", { name: "Keep these as a preset" });
  for (const keys of ["{Escape}", "Sailor{Enter}"]) {
    await userEvent.click(opener());
    await userEvent.type(screen.getByRole("textbox", { name: "Name of the preset" }), keys);
    expect(document.activeElement).toBe(opener());
  }
});
