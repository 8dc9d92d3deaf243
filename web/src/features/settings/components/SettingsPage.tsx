import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import FormControlLabel from "@mui/material/FormControlLabel";
import Switch from "@mui/material/Switch";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Empty } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { type MessageKey, useText } from "@/i18n/locale";
import type { SettingInForce } from "@/lib/api_types";
import { settingsQuery } from "../api/settings_api";
import { bySection, foundSettings, shownValue } from "../setting_search";

const ORIGINS: Record<SettingInForce["origin"], MessageKey> = {
  default: "settingDefault",
  file: "settingFile",
  environment: "settingEnvironment",
  argument: "settingArgument",
};

/** What the node that answers runs with. Changed in its settings file, not here. */
export function SettingsPage() {
  const text = useText();
  const settings = useQuery(settingsQuery);
  const [search, setSearch] = useState("");
  const [onlySet, setOnlySet] = useState(false);
  const sections = useMemo(
    () => bySection(foundSettings(settings.data?.items ?? [], search, onlySet)),
    [settings.data, search, onlySet],
  );
  return (
    <Page
      wide
      title={text("settingsTitle")}
      lead={settings.data ? text("settingsLead", { node: settings.data.node }) : undefined}
    >
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 2, alignItems: "center", mb: 3 }}>
        <TextField
          type="search"
          label={text("settingsSearch")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          sx={{ maxWidth: 340 }}
        />
        <FormControlLabel
          control={<Switch checked={onlySet} onChange={(event) => setOnlySet(event.target.checked)} />}
          label={text("settingsOnlySet")}
        />
      </Box>
      {settings.isPending && <Loading />}
      {settings.error && <ErrorNotice error={settings.error} retry={() => void settings.refetch()} />}
      {settings.data && sections.length === 0 && <Empty>{text("settingsNone")}</Empty>}
      {sections.map(([section, found]) => (
        <Section key={section} name={section} settings={found} />
      ))}
    </Page>
  );
}

function Section({ name, settings }: { name: string; settings: SettingInForce[] }) {
  const text = useText();
  return (
    <Box component="section" aria-labelledby={`settings-${name}`} sx={{ mb: 4 }}>
      <Typography id={`settings-${name}`} variant="h2" sx={{ mb: 1.5 }}>
        <code dir="ltr">{name}</code>
      </Typography>
      <Box component="dl" sx={{ m: 0, border: 1, borderColor: "divider", borderRadius: 1.5, "& > div + div": { borderTop: "1px solid var(--mui-palette-divider)" } }}>
        {settings.map((setting) => (
          <Box key={setting.path} sx={{ px: 2, py: 1.25, display: "grid", gridTemplateColumns: { xs: "1fr", md: "minmax(0, 1fr) minmax(0, 1fr)" }, gap: { xs: 0.5, md: 3 } }}>
            <Box component="dt" sx={{ minWidth: 0 }}>
              <Box component="code" dir="ltr" sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>
                {setting.path}
              </Box>
              <Box lang="en" dir="ltr" sx={{ color: "text.secondary", fontSize: "0.875rem", textAlign: "start" }}>
                {setting.about.replaceAll("``", "")}
              </Box>
            </Box>
            <Box component="dd" sx={{ m: 0, minWidth: 0, display: "flex", gap: 1, alignItems: "start", justifyContent: "space-between" }}>
              <Box component="code" dir="ltr" sx={{ overflowWrap: "anywhere" }}>
                {shownValue(setting.value) || text("settingEmpty")}
              </Box>
              <Chip
                size="small"
                variant={setting.origin === "default" ? "outlined" : "filled"}
                color={setting.origin === "default" ? "default" : "primary"}
                label={text(ORIGINS[setting.origin])}
              />
            </Box>
          </Box>
        ))}
      </Box>
    </Box>
  );
}
