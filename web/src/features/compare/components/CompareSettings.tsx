import { mdiClose } from "@mdi/js";
import Box from "@mui/material/Box";
import Drawer from "@mui/material/Drawer";
import FormControlLabel from "@mui/material/FormControlLabel";
import Switch from "@mui/material/Switch";
import { useId } from "react";
import { IconAction } from "@/components/IconAction";
import { ParametersPanel } from "@/features/parameters/components/ParametersPanel";
import { useText } from "@/i18n/locale";
import { changeColumn, useCompare } from "../compare_store";

/** The parameters of one column: those of all, or its own. */
export function CompareSettings({ columnKey, onClose }: { columnKey: string; onClose: () => void }) {
  const text = useText();
  const id = useId();
  const shared = useCompare((state) => state.settings);
  const index = useCompare((state) => state.columns.findIndex((each) => each.key === columnKey));
  const column = useCompare((state) => state.columns.find((each) => each.key === columnKey));
  if (column === undefined) return null;
  const own = column.settings !== null;
  return (
    <Drawer open anchor="right" onClose={onClose} slotProps={{ paper: { "aria-labelledby": id, role: "dialog", sx: { width: "min(26rem, 94vw)", p: 2.5 } } }}>
      <Box sx={{ display: "flex", alignItems: "center", mb: 1 }}>
        <Box component="h2" id={id} sx={{ typography: "h2", m: 0, flex: 1 }}>
          {own ? text("compareSettingsOne", { number: index + 1 }) : text("compareSettingsAll")}
        </Box>
        <IconAction path={mdiClose} label={text("close")} onClick={onClose} />
      </Box>
      <FormControlLabel
        control={<Switch checked={!own} onChange={(event) => changeColumn(columnKey, { settings: event.target.checked ? null : shared })} />}
        label={text("compareShared")}
        sx={{ mb: 2 }}
      />
      <ParametersPanel
        key={own ? "own" : "shared"}
        settings={column.settings ?? shared}
        model={column.model}
        onChange={(settings) => (own ? changeColumn(columnKey, { settings }) : useCompare.setState({ settings }))}
      />
    </Drawer>
  );
}
