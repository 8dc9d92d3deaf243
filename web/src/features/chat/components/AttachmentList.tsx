import { mdiClose, mdiFileDocumentOutline } from "@mdi/js";
import Box from "@mui/material/Box";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { useText } from "@/i18n/locale";
import type { Attachment } from "../attachments";

interface AttachmentListProps {
  attachments: readonly Attachment[];
  onRemove: (id: string) => void;
}

/** The files that go with the next question. */
export function AttachmentList({ attachments, onRemove }: AttachmentListProps) {
  const text = useText();
  if (attachments.length === 0) return null;
  return (
    <Box component="ul" aria-label={text("composerAttached")} sx={{ display: "flex", flexWrap: "wrap", gap: 1, listStyle: "none", m: 0, p: 0, mb: 1 }}>
      {attachments.map((each) => (
        <Box
          component="li"
          key={each.id}
          sx={{ display: "flex", alignItems: "center", gap: 1, border: 1, borderColor: "divider", borderRadius: "10px", paddingInlineStart: each.kind === "image" ? 0.5 : 1, py: 0.25, maxWidth: 240, fontSize: "0.8125rem" }}
        >
          {each.kind === "image" ? (
            <Box component="img" src={each.url} alt="" sx={{ width: 40, height: 40, objectFit: "cover", borderRadius: "7px" }} />
          ) : (
            <Icon path={mdiFileDocumentOutline} />
          )}
          <Box component="bdi" sx={{ overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
            {each.name}
          </Box>
          <IconAction
            path={mdiClose}
            label={text("composerDetach", { name: each.name })}
            onClick={() => onRemove(each.id)}
            onKeyDown={(event) => (event.key === "Delete" || event.key === "Backspace") && onRemove(each.id)}
          />
        </Box>
      ))}
    </Box>
  );
}
