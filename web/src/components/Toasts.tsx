import { lazy, Suspense } from "react";
import { useToasts } from "./toast";

const ToastView = lazy(() => import("./ToastView"));

/** Where passing messages appear. The view is loaded with the first one. */
export function Toasts() {
  const waiting = useToasts((state) => state.queue.length > 0);
  return <Suspense>{waiting && <ToastView />}</Suspense>;
}
