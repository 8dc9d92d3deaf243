import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useSession } from "@/features/session/session";
import type { Role, User } from "@/lib/api_types";
import { EmptyChat } from "./EmptyChat";

function show(role: Role) {
  useSession.setState({ user: { id: "user_1", username: "ada", role } as User });
  const root = createRootRoute({ component: () => <EmptyChat model={null} onSuggestion={vi.fn()} /> });
  render(<RouterProvider router={createRouter({ routeTree: root, history: createMemoryHistory() }) as never} />);
}

afterEach(() => useSession.setState({ user: null }));

it("leads administrators to a first model, by page and by command", async () => {
  show("admin");
  expect((await screen.findByRole("link", { name: "Get a model" })).getAttribute("href")).toBe("/admin/models");
  expect(screen.getByText("covey pull smollm2:135m")).toBeTruthy();
});

it("tells members whom to ask, and of no page that they may not open", async () => {
  show("member");
  expect(await screen.findByText("Ask an administrator of this service to add one.")).toBeTruthy();
  expect(screen.queryByRole("link")).toBeNull();
});
