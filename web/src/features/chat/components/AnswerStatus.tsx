import Box from "@mui/material/Box";
import { keyframes } from "@mui/material/styles";
import { useFormats, useText } from "@/i18n/locale";
import { useConnection } from "@/lib/live/connection";
import type { LiveAnswer } from "../live_answer";

const breathe = keyframes({ "0%, 100%": { opacity: 0.25 }, "50%": { opacity: 1 } });

/** Why there is no word yet, or that more will come; nothing once the answer is whole. */
export function AnswerStatus({ live }: { live: LiveAnswer }) {
  const text = useText();
  const formats = useFormats();
  const lost = useConnection((state) => state.state === "lost");
  const silent = live.text === "" && live.toolCalls.length === 0;
  const words = (): string | null => {
    if (lost) return text("phaseOffline");
    if (!silent) return null;
    if (live.phase === "sending") return text("phaseSending");
    if (live.phase === "queued" && live.queue !== null) {
      const { position, waitS } = live.queue;
      const place = position <= 1 ? text("phaseNext") : text("phaseQueued", { count: position - 1 });
      return waitS === null || waitS <= 0 ? place : `${place} · ${text("phaseQueuedWait", { duration: formats.duration(waitS * 1000) })}`;
    }
    if (live.phase === "loading") {
      const longS = live.loadS ?? 0;
      return longS < 1 ? text("phaseLoading") : `${text("phaseLoading")} · ${text("phaseLoadingTime", { duration: formats.duration(longS * 1000) })}`;
    }
    if (live.phase === "started") return text("phaseStarted");
    if (live.phase === "thinking") return null;
    return text("phaseWaiting");
  };
  const shown = words();
  // The line above the thoughts moves already while they come.
  if (shown === null && (!silent || live.phase === "thinking")) return null;
  return (
    <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, color: "text.secondary", fontSize: "0.9rem", minHeight: 28 }}>
      <Box
        aria-hidden="true"
        sx={{ width: 8, height: 8, borderRadius: "50%", bgcolor: lost ? "warning.main" : "secondary.main", animation: `${breathe} 1.4s ease-in-out infinite`, flex: "none" }}
      />
      {shown}
    </Box>
  );
}
