import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";

export const sessionsQuery = queryOptions({
  queryKey: ["account", "sessions"],
  queryFn: async () => (await answerOf(api.GET("/covey/v1/sessions"))).items,
});

export function endSession(sessionId: string) {
  return answerOf(api.DELETE("/covey/v1/sessions/{session_id}", { params: { path: { session_id: sessionId } } }));
}

export function changePassword(current: string, wanted: string) {
  return answerOf(api.POST("/covey/v1/auth/password", { body: { current_password: current, new_password: wanted } }));
}
