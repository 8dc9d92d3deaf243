import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useModelDefaults } from "@/features/models/api/model_queries";
import { useText, type MessageKey } from "@/i18n/locale";
import { NUMBER_FIELDS } from "../number_fields";
import { type ConversationSettings, countChanged, withEntry, withSampling } from "../settings";
import { useTyped } from "../typed_value";
import { FormatField } from "./FormatField";
import { NumberField } from "./NumberField";
import { PresetBar } from "./PresetBar";
import { StopField } from "./StopField";

const EFFORTS: [string, MessageKey][] = [
  ["none", "effortNone"],
  ["low", "effortLow"],
  ["medium", "effortMedium"],
  ["high", "effortHigh"],
];

interface ParametersPanelProps {
  settings: ConversationSettings;
  onChange: (settings: ConversationSettings) => void;
  /** The model whose defaults are shown. */
  model?: string | null;
}

/** The system prompt and everything that steers how an answer is made. */
export function ParametersPanel({ settings, onChange, model }: ParametersPanelProps) {
  const text = useText();
  const { data: defaults } = useModelDefaults(model);
  const changed = countChanged(settings);
  return (
    <Box sx={{ display: "grid", gap: 2.5 }}>
      <PresetBar settings={settings} onApply={onChange} />
      <SystemPrompt value={settings.system_prompt ?? ""} onChange={(value) => onChange(withEntry(settings, "system_prompt", value))} />
      {NUMBER_FIELDS.map(({ name, label, help }) => (
        <NumberField
          key={name}
          name={name}
          label={label}
          help={help}
          value={settings.sampling?.[name]}
          normal={defaults?.[name]}
          onChange={(value) => onChange(withSampling(settings, name, value))}
        />
      ))}
      <StopField value={settings.sampling?.stop ?? []} normal={defaults?.stop} onChange={(value) => onChange(withSampling(settings, "stop", value))} />
      <FormatField value={settings.response_format} onChange={(value) => onChange(withEntry(settings, "response_format", value))} />
      <Effort value={settings.reasoning_effort ?? ""} onChange={(value) => onChange(withEntry(settings, "reasoning_effort", value))} />
      <Button color="inherit" variant="outlined" disabled={changed === 0} onClick={() => onChange({})}>
        {text("parameterResetAll")}
      </Button>
    </Box>
  );
}

function SystemPrompt({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const text = useText();
  const { typed, setTyped, commit } = useTyped(value, onChange);
  return (
    <TextField
      label={text("parameterSystem")}
      helperText={text("parameterSystemHelp")}
      multiline
      minRows={3}
      maxRows={12}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={commit}
      slotProps={{ htmlInput: { dir: "auto", maxLength: 12_000 } }}
    />
  );
}

function Effort({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const text = useText();
  const known = EFFORTS.some(([name]) => name === value);
  return (
    <TextField
      select
      label={text("parameterEffort")}
      helperText={text("parameterEffortHelp")}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <MenuItem value="">{text("parameterAutomatic")}</MenuItem>
      {EFFORTS.map(([name, label]) => (
        <MenuItem key={name} value={name}>
          {text(label)}
        </MenuItem>
      ))}
      {value !== "" && !known && <MenuItem value={value}>{value}</MenuItem>}
    </TextField>
  );
}
