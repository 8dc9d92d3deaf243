import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import Typography from "@mui/material/Typography";
import { memo } from "react";
import { CopyButton } from "@/components/CopyButton";
import { ButtonLink } from "@/components/links";
import { FIRST_MODEL_COMMAND } from "@/features/models/first_model";
import { useSession } from "@/features/session/session";
import { type MessageKey, useText } from "@/i18n/locale";
import { MEASURE, MONO } from "@/theme/tokens";

const SUGGESTIONS: MessageKey[] = ["suggestExplain", "suggestWrite", "suggestCode", "suggestPlan"];

interface EmptyChatProps {
  /** Who will answer; null: there is no model. */
  model: string | null;
  onSuggestion: (text: string) => void;
}

/** A chat before its first question. */
export const EmptyChat = memo(function EmptyChat({ model, onSuggestion }: EmptyChatProps) {
  const text = useText();
  const administrator = useSession((state) => state.user?.role === "admin");
  return (
    <Box sx={{ flex: 1, minHeight: 0, overflowY: "auto", display: "flex", px: 3, py: 4 }}>
      <Box sx={{ m: "auto", width: "100%", maxWidth: MEASURE }}>
        <Typography variant="h1" sx={{ textWrap: "balance", fontSize: { xs: "1.6rem", md: "2rem" } }}>
          {text(model === null ? "startNoModel" : "startTitle")}
        </Typography>
        {model === null ? (
          <>
            <Typography sx={{ color: "text.secondary", mt: 1 }}>
              {text(administrator ? "startNoModelAdmin" : "startNoModelMember")}
            </Typography>
            {administrator && <FirstModel />}
          </>
        ) : (
          <>
            <Typography sx={{ color: "text.secondary", mt: 1 }}>
              <bdi>{text("startModel", { model })}</bdi>
            </Typography>
            <Box
              component="ul"
              aria-label={text("startSuggestions")}
              sx={{ listStyle: "none", p: 0, m: 0, mt: 3, display: "grid", gap: 1.25, gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" } }}
            >
              {SUGGESTIONS.map((key) => (
                <li key={key}>
                  <ButtonBase
                    onClick={() => onSuggestion(text(key))}
                    sx={{ width: "100%", height: "100%", textAlign: "start", justifyContent: "start", alignItems: "start", border: 1, borderColor: "divider", borderRadius: "14px", p: 2, lineHeight: 1.45, "&:hover": { borderColor: "primary.main", bgcolor: "background.default" } }}
                  >
                    {text(key)}
                  </ButtonBase>
                </li>
              ))}
            </Box>
          </>
        )}
      </Box>
    </Box>
  );
});

/** The two ways to a first model. */
function FirstModel() {
  const text = useText();
  return (
    <Box sx={{ mt: 3 }}>
      <ButtonLink to="/admin/models" variant="contained">
        {text("startGetModel")}
      </ButtonLink>
      <Typography sx={{ color: "text.secondary", mt: 3, mb: 1 }}>{text("startNoModelCommand")}</Typography>
      <Box sx={{ display: "flex", alignItems: "center", gap: 1, width: "fit-content", maxWidth: "100%", paddingInlineStart: 2, p: 0.75, borderRadius: 2, bgcolor: "sunken" }}>
        <Box component="code" dir="ltr" sx={{ fontFamily: MONO, px: 1, overflowX: "auto", whiteSpace: "nowrap" }}>
          {FIRST_MODEL_COMMAND}
        </Box>
        <CopyButton text={FIRST_MODEL_COMMAND} label={text("startCopyCommand")} />
      </Box>
    </Box>
  );
}
