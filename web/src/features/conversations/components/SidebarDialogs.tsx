import Box from "@mui/material/Box";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { useText } from "@/i18n/locale";
import type { ConversationInfo } from "@/lib/api_types";
import { MoveDialog } from "./MoveDialog";

export type Asked = { kind: "move" | "remove"; infos: readonly ConversationInfo[] } | { kind: "removeAll" };

interface SidebarDialogsProps {
  asked: Asked;
  onClose: () => void;
  onMove: (infos: readonly ConversationInfo[], folder: string) => void;
  onRemove: (infos: readonly ConversationInfo[]) => Promise<void>;
  onRemoveAll: () => Promise<void>;
}

/** What is asked before conversations are moved or deleted. */
export default function SidebarDialogs({ asked, onClose, onMove, onRemove, onRemoveAll }: SidebarDialogsProps) {
  const text = useText();
  if (asked.kind === "move") {
    return (
      <MoveDialog
        infos={asked.infos}
        onClose={onClose}
        onMove={(folder) => {
          onClose();
          onMove(asked.infos, folder);
        }}
      />
    );
  }
  if (asked.kind === "removeAll") {
    return (
      <ConfirmDialog
        open
        title={text("conversationsDeleteAllTitle")}
        action={text("conversationsDeleteAll")}
        destructive
        run={onRemoveAll}
        onClose={onClose}
      >
        {text("conversationsDeleteAllText")}
      </ConfirmDialog>
    );
  }
  return (
    <ConfirmDialog
      open
      title={text("conversationsDeleteTitle", { count: asked.infos.length })}
      action={text("conversationDelete")}
      destructive
      run={() => onRemove(asked.infos)}
      onClose={onClose}
    >
      {asked.infos.length === 1 && <bdi>{asked.infos[0]?.title || text("conversationUntitled")}</bdi>}
      <Box component="p" sx={{ m: 0, mt: 1 }}>
        {text("conversationsDeleteText")}
      </Box>
    </ConfirmDialog>
  );
}
