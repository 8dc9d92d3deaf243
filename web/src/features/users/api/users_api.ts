import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";
import type { Role } from "@/lib/api_types";

const PAGE = 200;

/** All accounts, a page at a time. */
export const usersQuery = infiniteQueryOptions({
  queryKey: ["users", "all"],
  queryFn: ({ pageParam }) =>
    answerOf(api.GET("/covey/v1/users", { params: { query: { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } } })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});

export interface UserFilter {
  search: string;
  role: Role | "";
  status: "active" | "suspended" | "";
}

/** The accounts that fit, a page at a time. */
export function foundUsersQuery({ search, role, status }: UserFilter) {
  const filter = { ...(search && { search }), ...(role && { role }), ...(status && { status }) };
  return infiniteQueryOptions({
    queryKey: ["users", "found", filter],
    queryFn: ({ pageParam }) =>
      answerOf(api.GET("/covey/v1/users", { params: { query: { limit: PAGE, ...filter, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

export function updateUser(userId: string, change: { role?: Role; status?: "active" | "suspended" }) {
  return answerOf(api.PATCH("/covey/v1/users/{user_id}", { params: { path: { user_id: userId } }, body: change }));
}

export function deleteUser(userId: string) {
  return answerOf(api.DELETE("/covey/v1/users/{user_id}", { params: { path: { user_id: userId } } }));
}

export function resetPassword(userId: string, password: string) {
  return answerOf(
    api.POST("/covey/v1/users/{user_id}/password", { params: { path: { user_id: userId } }, body: { new_password: password } }),
  );
}

export const invitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: async () => (await answerOf(api.GET("/covey/v1/invitations"))).items,
});

export function invite(role: Role, expiresInS: number) {
  return answerOf(api.POST("/covey/v1/invitations", { body: { role, expires_in_s: expiresInS } }));
}

export function revokeInvitation(invitationId: string) {
  return answerOf(api.DELETE("/covey/v1/invitations/{invitation_id}", { params: { path: { invitation_id: invitationId } } }));
}

export function userKeysQuery(userId: string) {
  return queryOptions({
    queryKey: ["users", userId, "keys"],
    queryFn: async () => (await answerOf(api.GET("/covey/v1/users/{user_id}/keys", { params: { path: { user_id: userId } } }))).items,
  });
}

export function userSessionsQuery(userId: string) {
  return queryOptions({
    queryKey: ["users", userId, "sessions"],
    queryFn: async () => (await answerOf(api.GET("/covey/v1/users/{user_id}/sessions", { params: { path: { user_id: userId } } }))).items,
  });
}

export function revokeUserKey(userId: string, keyId: string) {
  return answerOf(api.DELETE("/covey/v1/users/{user_id}/keys/{key_id}", { params: { path: { user_id: userId, key_id: keyId } } }));
}

export function endUserSessions(userId: string) {
  return answerOf(api.DELETE("/covey/v1/users/{user_id}/sessions", { params: { path: { user_id: userId } } }));
}
