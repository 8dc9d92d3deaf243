import FormControl from "@mui/material/FormControl";
import FormControlLabel from "@mui/material/FormControlLabel";
import FormLabel from "@mui/material/FormLabel";
import Radio from "@mui/material/Radio";
import RadioGroup from "@mui/material/RadioGroup";
import { useColorScheme } from "@mui/material/styles";
import { Page } from "@/components/Page";
import { chooseSendKey, type SendKey, useSendKey } from "@/features/chat/send_key";
import { COMMAND, keyName } from "@/features/palette/shortcuts";
import { chooseLocale, LOCALES, type Locale, type MessageKey, useLocaleState, useText } from "@/i18n/locale";

type Scheme = "light" | "dark" | "system";
const SCHEMES: [Scheme, MessageKey][] = [
  ["system", "themeSystem"],
  ["light", "themeLight"],
  ["dark", "themeDark"],
];

const SEND_KEYS: [SendKey, MessageKey][] = [
  ["enter", "sendKeyEnter"],
  ["command", "sendKeyCommand"],
];

/** Language, theme and the key that sends. */
export function PreferencesPage() {
  const text = useText();
  const locale = useLocaleState((state) => state.locale);
  const sendKey = useSendKey((state) => state.sendKey);
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
      <FormControl component="fieldset" sx={{ display: "flex", mb: 4 }}>
        <FormLabel component="legend">{text("theme")}</FormLabel>
        <RadioGroup name="theme" value={mode ?? "system"} onChange={(_, chosen) => setMode(chosen as Scheme)}>
          {SCHEMES.map(([scheme, label]) => (
            <FormControlLabel key={scheme} value={scheme} control={<Radio />} label={text(label)} />
          ))}
        </RadioGroup>
      </FormControl>
      <FormControl component="fieldset" sx={{ display: "flex" }}>
        <FormLabel component="legend">{text("sendKey")}</FormLabel>
        <RadioGroup name="send-key" value={sendKey} onChange={(_, chosen) => chooseSendKey(chosen as SendKey)}>
          {SEND_KEYS.map(([key, label]) => (
            <FormControlLabel key={key} value={key} control={<Radio />} label={text(label, { key: keyName(COMMAND, text) })} sx={{ minHeight: 42, py: 0.5 }} />
          ))}
        </RadioGroup>
      </FormControl>
    </Page>
  );
}
