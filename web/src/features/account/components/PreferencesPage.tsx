import FormControl from "@mui/material/FormControl";
import FormControlLabel from "@mui/material/FormControlLabel";
import FormLabel from "@mui/material/FormLabel";
import Radio from "@mui/material/Radio";
import RadioGroup from "@mui/material/RadioGroup";
import { useColorScheme } from "@mui/material/styles";
import { Page } from "@/components/Page";
import { chooseLocale, LOCALES, type Locale, type MessageKey, useLocaleState, useText } from "@/i18n/locale";

type Scheme = "light" | "dark" | "system";
const SCHEMES: [Scheme, MessageKey][] = [
  ["system", "themeSystem"],
  ["light", "themeLight"],
  ["dark", "themeDark"],
];

/** Language and theme. */
export function PreferencesPage() {
  const text = useText();
  const locale = useLocaleState((state) => state.locale);
  const { mode, setMode } = useColorScheme();
  return (
    <Page title={text("preferencesTitle")} lead={text("preferencesLead")}>
      <FormControl component="fieldset" sx={{ display: "flex", mb: 4 }}>
        <FormLabel component="legend">{text("language")}</FormLabel>
        <RadioGroup name="language" value={locale} onChange={(_, chosen) => void chooseLocale(chosen as Locale)}>
          {(Object.keys(LOCALES) as Locale[]).map((each) => (
            <FormControlLabel key={each} value={each} control={<Radio />} label={<bdi lang={each}>{LOCALES[each].name}</bdi>} />
          ))}
        </RadioGroup>
      </FormControl>
      <FormControl component="fieldset" sx={{ display: "flex" }}>
        <FormLabel component="legend">{text("theme")}</FormLabel>
        <RadioGroup name="theme" value={mode ?? "system"} onChange={(_, chosen) => setMode(chosen as Scheme)}>
          {SCHEMES.map(([scheme, label]) => (
            <FormControlLabel key={scheme} value={scheme} control={<Radio />} label={text(label)} />
          ))}
        </RadioGroup>
      </FormControl>
    </Page>
  );
}
