import Box from "@mui/material/Box";
import { type MessageKey, useText } from "@/i18n/locale";
import { type Strength, strengthOf } from "../password_strength";

const STEPS: Record<Strength, { label: MessageKey; share: number; colour: string }> = {
  short: { label: "strengthShort", share: 15, colour: "error.main" },
  fair: { label: "strengthFair", share: 45, colour: "warning.main" },
  good: { label: "strengthGood", share: 75, colour: "success.main" },
  strong: { label: "strengthStrong", share: 100, colour: "success.main" },
};

/** How good the password is that is being typed. */
export function StrengthMeter({ password }: { password: string }) {
  const text = useText();
  const step = STEPS[strengthOf(password)];
  return (
    <Box sx={{ fontSize: "0.8125rem", color: "text.secondary" }}>
      {password !== "" && (
        <Box aria-hidden="true" sx={{ height: 4, borderRadius: 2, bgcolor: "sunken", mb: 0.75 }}>
          <Box sx={{ height: "100%", borderRadius: 2, width: `${step.share}%`, bgcolor: step.colour, transition: "width 120ms", "@media (prefers-reduced-motion: reduce)": { transition: "none" } }} />
        </Box>
      )}
      <Box role="status">{password !== "" && `${text("strengthLabel")}: ${text(step.label)}`}</Box>
      {text("passwordRules")}
    </Box>
  );
}
