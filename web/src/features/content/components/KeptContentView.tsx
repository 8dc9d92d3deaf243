import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { type ReactNode, useId } from "react";
import { Facts } from "@/components/Facts";
import { type MessageKey, useFormats, useText } from "@/i18n/locale";
import type { KeptContent, KeptMessage } from "@/lib/api_types";
import { MONO } from "@/theme/tokens";

const ROLES: Record<string, MessageKey> = {
  user: "requestUser",
  assistant: "requestModel",
  system: "chatSystem",
  developer: "chatSystem",
  tool: "chatToolResult",
};

/** A type of file keeps its own direction (Unicode FSI and PDI). */
const isolated = (name: string) => `\u2068${name}\u2069`;

/** One question and its answer as they are kept. Whatever they hold is shown as text. */
export function KeptContentView({ content }: { content: KeptContent }) {
  const text = useText();
  const formats = useFormats();
  const id = useId();
  const { answer } = content;
  const empty = answer.text === "" && answer.reasoning === "" && answer.tool_calls.length === 0;
  return (
    <Box component="article" sx={{ display: "grid", gap: 2.5, minWidth: 0 }}>
      <Facts
        facts={[
          [text("requestUser"), <bdi key="user">{content.username || content.user_id}</bdi>],
          [text("requestModel"), <bdi key="model">{content.model}</bdi>],
          [text("requestEnded"), formats.precise(content.at)],
          [text("contentExpires"), formats.precise(content.expires_at)],
        ]}
      />
      <Box component="section" aria-labelledby={`${id}-question`} sx={{ minWidth: 0 }}>
        <Typography id={`${id}-question`} variant="h3" sx={{ mb: 1 }}>
          {text("contentQuestion")}
        </Typography>
        {content.messages_left_out > 0 && <Mark>{text("contentLeftOut", { count: content.messages_left_out })}</Mark>}
        {content.prompt === null ? (
          <Box component="ol" sx={{ listStyle: "none", m: 0, p: 0, display: "grid", gap: 1.5 }}>
            {content.messages.map((message, index) => (
              <Box component="li" key={index} sx={{ minWidth: 0 }}>
                <Message message={message} />
              </Box>
            ))}
          </Box>
        ) : (
          <>
            <Said>{content.prompt}</Said>
            {content.suffix && <Said label={text("contentSuffix")}>{content.suffix}</Said>}
            {content.prompt_cut && <Mark>{text("contentCut")}</Mark>}
          </>
        )}
      </Box>
      <Box component="section" aria-labelledby={`${id}-answer`} sx={{ minWidth: 0 }}>
        <Typography id={`${id}-answer`} variant="h3" sx={{ mb: 1 }}>
          {text("contentAnswer")}
        </Typography>
        {answer.reasoning && <Said label={text("reasoningDone")}>{answer.reasoning}</Said>}
        {answer.text && <Said>{answer.text}</Said>}
        <Calls calls={answer.tool_calls} />
        {empty && <Mark>{text("contentNoAnswer")}</Mark>}
        {answer.cut && <Mark>{text("contentCut")}</Mark>}
      </Box>
    </Box>
  );
}

function Message({ message }: { message: KeptMessage }) {
  const text = useText();
  const formats = useFormats();
  const role = ROLES[message.role];
  return (
    <>
      <Box sx={{ color: "text.secondary", fontSize: "0.8125rem", fontWeight: 600 }}>
        {role === undefined ? <bdi>{message.role}</bdi> : text(role)}
        {message.name && (
          <>
            {" · "}
            <bdi>{message.name}</bdi>
          </>
        )}
      </Box>
      {message.reasoning && <Said label={text("reasoningDone")}>{message.reasoning}</Said>}
      {message.content.map((part, index) =>
        part.type === "image" ? (
          <Mark key={index}>{text("contentPicture", { type: isolated(part.media_type || "?"), size: formats.size(part.size_bytes) })}</Mark>
        ) : (
          part.text && <Said key={index}>{part.text}</Said>
        ),
      )}
      <Calls calls={message.tool_calls} />
      {message.cut && <Mark>{text("contentCut")}</Mark>}
    </>
  );
}

function Calls({ calls }: { calls: KeptMessage["tool_calls"] }) {
  const text = useText();
  return calls.map((call, index) => (
    <Said key={index} label={<bdi>{text("toolCall", { name: call.function.name })}</bdi>} code>
      {call.function.arguments}
    </Said>
  ));
}

/** What somebody or something wrote, in whatever direction it runs. */
function Said({ label, code = false, children }: { label?: ReactNode; code?: boolean; children: string }) {
  return (
    <>
      {label !== undefined && <Box sx={{ color: "text.secondary", fontSize: "0.8125rem", mt: 0.75 }}>{label}</Box>}
      <Box
        dir={code ? "ltr" : "auto"}
        sx={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere", lineHeight: 1.55, px: 1.75, py: 1.25, mt: 0.5, borderRadius: 2, bgcolor: "sunken", ...(code ? { fontFamily: MONO, fontSize: "0.875rem" } : {}) }}
      >
        {children}
      </Box>
    </>
  );
}

/** What the service says about the content, beside the content itself. */
function Mark({ children }: { children: ReactNode }) {
  return <Box component="p" sx={{ m: 0, mt: 0.75, color: "text.secondary", fontSize: "0.875rem" }}>{children}</Box>;
}
