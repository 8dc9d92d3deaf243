import { mdiFileDocumentOutline } from "@mdi/js";
import Box from "@mui/material/Box";
import { useMemo } from "react";
import { Icon } from "@/components/Icon";
import type { StoredMessage } from "@/lib/api_types";
import { imagesOf, splitFiles, textOf } from "../message_text";
import { MessageImages } from "./MessageImages";

interface QuestionBodyProps {
  message: StoredMessage;
  conversationId?: string | undefined;
}

/** What somebody asked: the text as it was written, with its files put away and its pictures. */
export function QuestionBody({ message, conversationId }: QuestionBodyProps) {
  const { content } = message.message;
  const { files, text } = useMemo(() => splitFiles(textOf(content)), [content]);
  return (
    <Box sx={{ maxWidth: "min(100%, 38rem)", display: "flex", flexDirection: "column", alignItems: "end", gap: 1 }}>
      <MessageImages images={imagesOf(content)} conversationId={conversationId} />
      {files.map((file, index) => (
        <Box
          component="details"
          key={index}
          sx={{ maxWidth: "100%", border: 1, borderColor: "divider", borderRadius: "10px", bgcolor: "background.default", fontSize: "0.875rem" }}
        >
          <Box component="summary" sx={{ px: 1.5, py: 0.75, cursor: "pointer", display: "flex", gap: 1, alignItems: "center", listStyle: "none" }}>
            <Icon path={mdiFileDocumentOutline} />
            <bdi>{file.name}</bdi>
          </Box>
          <Box component="pre" dir="auto" sx={{ m: 0, p: 1.5, maxHeight: "20rem", overflow: "auto", borderTop: 1, borderColor: "divider", overflowWrap: "normal" }}>
            {file.text}
          </Box>
        </Box>
      ))}
      {text !== "" && (
        <Box
          dir="auto"
          sx={{ bgcolor: "sunken", borderRadius: "16px", borderEndEndRadius: "5px", px: 2, py: 1.25, whiteSpace: "pre-wrap", overflowWrap: "anywhere", lineHeight: 1.6, maxWidth: "100%" }}
        >
          {text}
        </Box>
      )}
    </Box>
  );
}
