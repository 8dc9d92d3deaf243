import { mdiChevronLeft, mdiChevronRight } from "@mdi/js";
import Box from "@mui/material/Box";
import { IconAction } from "@/components/IconAction";
import { VisuallyHidden } from "@/components/VisuallyHidden";
import { useFormats, useText } from "@/i18n/locale";
import type { Branches } from "../message_tree";

interface BranchSwitchProps {
  branches: Branches;
  onChoose: (messageId: string) => void;
}

/** The way between versions of a question or an answer: ‹ 2/3 ›. */
export function BranchSwitch({ branches: { ids, index }, onChoose }: BranchSwitchProps) {
  const text = useText();
  const formats = useFormats();
  if (ids.length < 2) return null;
  const place = { number: formats.number(index + 1), count: formats.number(ids.length) };
  const choose = (at: number) => {
    const id = ids[at];
    if (id !== undefined) onChoose(id);
  };
  const mirrored = { "[dir=rtl] & svg": { transform: "scaleX(-1)" } };
  return (
    <Box sx={{ display: "inline-flex", alignItems: "center", color: "text.secondary", fontSize: "0.8125rem", fontVariantNumeric: "tabular-nums" }}>
      <IconAction path={mdiChevronLeft} label={text("branchPrevious")} disabled={index === 0} onClick={() => choose(index - 1)} sx={mirrored} />
      <span aria-hidden="true">
        {place.number}/{place.count}
      </span>
      <VisuallyHidden>{text("branchPlace", place)}</VisuallyHidden>
      <IconAction path={mdiChevronRight} label={text("branchNext")} disabled={index === ids.length - 1} onClick={() => choose(index + 1)} sx={mirrored} />
    </Box>
  );
}
