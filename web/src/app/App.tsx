import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect } from "react";
import { Toasts } from "@/components/Toasts";
import { useSession } from "@/features/session/session";
import { live } from "@/lib/live/live";
import { Look } from "@/theme/Look";
import { queries } from "./queries";
import { router } from "./router";

/** The whole interface: look, data, pages. */
export function App() {
  const status = useSession((state) => state.status);
  const userId = useSession((state) => state.user?.id ?? null);
  const token = useSession((state) => state.token);
  useEffect(() => {
    // Nothing that one account has loaded is ever shown to the next one.
    if (status === "out") queries.clear();
    void router.invalidate();
  }, [status, userId]);
  useEffect(() => {
    if (status !== "in") return;
    live.start();
    return () => live.stop();
  }, [status, userId]);
  useEffect(() => {
    if (token !== null) live.renew(token);
  }, [token]);
  return (
    <Look>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
        <Toasts />
      </QueryClientProvider>
    </Look>
  );
}
