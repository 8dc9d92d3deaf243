import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useSession } from "@/features/session/session";
import type { Role, User } from "@/lib/api_types";
import { modelsKey } from "../api/model_queries";
import { Downloads } from "./Downloads";

const service = vi.hoisted(() => ({ pulls: [] as unknown[], asked: vi.fn() }));

vi.mock("@/features/fleet/api/fleet_api", () => ({
  pullsQuery: {
    queryKey: ["pulls"],
    refetchInterval: 20,
    queryFn: () => {
      service.asked();
      return Promise.resolve(service.pulls);
    },
  },
}));

const pull = { id: "1", model: "qwen:4b", instance: "i", node: "n", started_at: 0, progress: { status: "downloading", digest: null, total_bytes: 200, completed_bytes: 86 } };

function show(role: Role): QueryClient {
  useSession.setState({ user: { id: "user_1", username: "ada", role } as User });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <ul role="listbox" aria-label="models">
        <Downloads items={[]} search="" />
      </ul>
    </QueryClientProvider>,
  );
  return client;
}

beforeEach(() => {
  service.pulls = [pull];
  service.asked.mockReset();
});
afterEach(() => useSession.setState({ user: null }));

it("shows administrators how far a download is, and reads the models when it is over", async () => {
  const client = show("admin");
  const option = await screen.findByRole("option");
  expect(option.textContent).toBe("qwen:4bDownloading 43%");
  expect(option.getAttribute("aria-disabled")).toBe("true");
  const invalidated = vi.spyOn(client, "invalidateQueries");
  service.pulls = [];
  await waitFor(() => expect(screen.queryByRole("option")).toBeNull());
  expect(invalidated).toHaveBeenCalledWith({ queryKey: modelsKey });
});

it("asks nothing for members", () => {
  show("member");
  expect(service.asked).not.toHaveBeenCalled();
  expect(screen.queryByRole("option")).toBeNull();
});
