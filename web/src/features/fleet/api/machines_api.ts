import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";

/** Open invitations of machines, and whether machines can join at all. */
export const machineInvitationsQuery = queryOptions({
  queryKey: ["nodes", "invitations"],
  queryFn: () => answerOf(api.GET("/covey/v1/nodes/invitations")),
  refetchInterval: 3_000,
});

/** The token in the answer is shown once and kept nowhere. */
export function inviteMachine(body: { name: string | null; expires_in_s: number; addresses: string[] }) {
  return answerOf(api.POST("/covey/v1/nodes/invitations", { body }));
}

export function revokeMachineInvitation(invitationId: string) {
  return answerOf(
    api.DELETE("/covey/v1/nodes/invitations/{invitation_id}", { params: { path: { invitation_id: invitationId } } }),
  );
}

/** Its connection ends at once, and it cannot come back without another invitation. */
export function removeMachine(node: string) {
  return answerOf(api.DELETE("/covey/v1/nodes/{node}", { params: { path: { node } } }));
}
