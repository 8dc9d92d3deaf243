import { mdiHammerWrench } from "@mdi/js";
import Box from "@mui/material/Box";
import { Icon } from "@/components/Icon";
import { useText } from "@/i18n/locale";
import type { ToolCall } from "../live_answer";
import { answerStyles } from "../markdown/answer_styles";
import { CodeBlock } from "../markdown/CodeBlock";

/** The calls that an answer asks for: which tool, and with what. */
export function ToolCalls({ calls, growing }: { calls: readonly ToolCall[]; growing: boolean }) {
  const text = useText();
  return calls.map((call, index) => (
    <Box key={call.id || index} sx={answerStyles}>
      <Box sx={{ display: "flex", alignItems: "center", gap: 1, color: "text.secondary", fontSize: "0.9rem" }}>
        <Icon path={mdiHammerWrench} />
        <bdi>{text("toolCall", { name: call.function.name })}</bdi>
      </Box>
      <CodeBlock code={pretty(call.function.arguments)} language="json" open={growing} />
    </Box>
  ));
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
