import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import type { NodeInfo } from "@/lib/api_types";
import { AddNodeDialog } from "./AddNodeDialog";

const service = vi.hoisted(() => ({
  accepts: true,
  setting: null as string | null,
  open: [] as string[],
  nodes: [] as unknown[],
  invite: vi.fn(),
}));
const NOW_S = Date.now() / 1000;
const INVITATION = { id: "UA", name: "gpu-1", created_at: NOW_S - 60, expires_at: NOW_S + 3600, invited_by: "ada" };

vi.mock("../api/machines_api", () => ({
  machineInvitationsQuery: {
    queryKey: ["nodes", "invitations"],
    refetchInterval: 20,
    queryFn: () =>
      Promise.resolve({
        accepts: service.accepts,
        setting: service.setting,
        addresses: ["192.0.2.1:7422"],
        items: service.open.map((id) => ({ ...INVITATION, id })),
      }),
  },
  inviteMachine: service.invite,
}));
vi.mock("../api/fleet_api", () => ({
  nodesQuery: { queryKey: ["nodes"], refetchInterval: 20, queryFn: () => Promise.resolve(service.nodes) },
}));

beforeEach(() => {
  Object.assign(service, { accepts: true, setting: null, open: [], nodes: [] });
  service.invite.mockReset();
});

function show() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <AddNodeDialog open onClose={vi.fn()} />
    </QueryClientProvider>,
  );
}

it("shows the one command and says when the machine has come", async () => {
  service.invite.mockImplementation(() => {
    service.open = ["UA"];
    return Promise.resolve({ invitation: INVITATION, token: "t", command: "covey join join-covey-abc", addresses: [] });
  });
  show();
  fireEvent.change(await screen.findByRole("textbox", { name: "Name" }), { target: { value: "gpu-1" } });
  fireEvent.click(screen.getByRole("button", { name: "Make the command" }));
  expect(await screen.findByText("covey join join-covey-abc")).toBeTruthy();
  expect(service.invite).toHaveBeenCalledWith({ name: "gpu-1", expires_in_s: 3600, addresses: ["192.0.2.1:7422"] });
  expect(screen.getByRole("button", { name: "Copy the command" })).toBeTruthy();
  expect(screen.getByRole("status").textContent).toContain("Waiting for the machine");
  service.open = [];
  service.nodes = [
    {
      name: "gpu-1",
      joined: { name: "gpu-1", kind: "processor", joined_at: NOW_S, invited_by: "ada" },
      instances: [{ service: "processor", models: [{}, {}] }],
    } as unknown as NodeInfo,
  ];
  await waitFor(() =>
    expect(screen.getByRole("status").textContent).toBe("gpu-1 has joined and offers 2 models."),
  );
});

it("says which setting lets machines join, and offers nothing that would fail", async () => {
  Object.assign(service, { accepts: false, setting: "mesh.server.join.address" });
  show();
  expect(await screen.findByText("covey up --accept-nodes")).toBeTruthy();
  expect(screen.getByText('mesh.server.join.address = "0.0.0.0:7422"')).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Make the command" })).toBeNull();
  expect(screen.queryByRole("textbox")).toBeNull();
});

it("says so where machines cannot join at all", async () => {
  service.accepts = false;
  show();
  expect(await screen.findByText(/does not run the nats-server itself/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Make the command" })).toBeNull();
});

it("keeps what was typed when the service refuses", async () => {
  service.invite.mockRejectedValue(new Error("no"));
  show();
  fireEvent.change(await screen.findByRole("textbox", { name: "Name" }), { target: { value: "taken" } });
  fireEvent.click(screen.getByRole("button", { name: "Make the command" }));
  expect(await screen.findByRole("alert")).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>("textbox", { name: "Name" }).value).toBe("taken");
});
