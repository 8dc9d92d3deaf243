import { mdiFileDelimitedOutline, mdiLanguageMarkdownOutline } from "@mdi/js";
import Box from "@mui/material/Box";
import { type ReactNode, useRef } from "react";
import { IconAction } from "@/components/IconAction";
import { toast } from "@/components/toast";
import { useText } from "@/i18n/locale";
import { copyText } from "@/lib/clipboard";
import { asCsv, asMarkdown, type Cells, cellsOf } from "./table_text";

/** A table of an answer: it scrolls by itself and can be copied. */
export function TableView({ children }: { children?: ReactNode }) {
  const text = useText();
  const table = useRef<HTMLTableElement>(null);
  const copy = async (write: (rows: Cells) => string) => {
    if (table.current === null) return;
    const copied = await copyText(write(cellsOf(table.current)));
    toast(copied ? { text: text("copied") } : { severity: "warning", text: text("copyFailed") });
  };
  return (
    <Box className="table">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="table-scroll" role="group" aria-label={text("tableInAnswer")} tabIndex={0}>
        <table ref={table} dir="auto">{children}</table>
      </div>
      <div className="table-bar">
        <IconAction path={mdiFileDelimitedOutline} label={text("tableCopyCsv")} onClick={() => void copy(asCsv)} />
        <IconAction path={mdiLanguageMarkdownOutline} label={text("tableCopyMarkdown")} onClick={() => void copy(asMarkdown)} />
      </div>
    </Box>
  );
}
