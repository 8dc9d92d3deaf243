import { mdiRestore } from "@mdi/js";
import Box from "@mui/material/Box";
import Slider from "@mui/material/Slider";
import TextField from "@mui/material/TextField";
import { useId } from "react";
import { IconAction } from "@/components/IconAction";
import { useLocaleState, useText, type MessageKey } from "@/i18n/locale";
import { inRange, type NumberName, type NumberRange, parseNumber, RANGES } from "../settings";
import { useTyped } from "../typed_value";

interface NumberFieldProps {
  name: NumberName;
  label: MessageKey;
  help: MessageKey;
  value: number | null | undefined;
  /** What is used when nothing is set here; undefined: the engine decides. */
  normal: unknown;
  onChange: (value: number | null) => void;
}

/** One number with its explanation, its default and the way back to it. */
export function NumberField({ name, label, help, value, normal, onChange }: NumberFieldProps) {
  const text = useText();
  const id = useId();
  const locale = useLocaleState((state) => state.locale);
  const range = RANGES[name];
  const show = (number: number) => new Intl.NumberFormat(locale, { useGrouping: false, maximumFractionDigits: 6 }).format(number);
  const wrong = (typed: string) => {
    const parsed = parseNumber(typed);
    return parsed !== null && !inRange(parsed, range);
  };
  const { typed, setTyped, commit } = useTyped(value == null ? "" : show(value), (entered) => {
    if (wrong(entered)) return false;
    onChange(parseNumber(entered));
  });
  const bad = wrong(typed);
  const bounds = { least: show(range.least), most: show(range.most) };
  return (
    <Box>
      <Box sx={{ display: "flex", alignItems: "center", gap: 1 }}>
        <Box component="label" htmlFor={id} sx={{ fontWeight: 600, flex: 1 }}>
          {text(label)}
        </Box>
        {value != null && <IconAction path={mdiRestore} label={text("parameterReset", { name: text(label) })} onClick={() => onChange(null)} />}
        <TextField
          id={id}
          value={typed}
          placeholder={typeof normal === "number" ? show(normal) : text("parameterAutomatic")}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={commit}
          onKeyDown={(event) => event.key === "Enter" && commit()}
          error={bad}
          fullWidth={false}
          sx={{ width: range.most > 10_000 ? "9rem" : "7rem", flex: "none" }}
          slotProps={{
            htmlInput: { inputMode: range.whole && range.least >= 0 ? "numeric" : "text", "aria-describedby": `${id}-help`, "aria-invalid": bad, autoComplete: "off" },
          }}
        />
      </Box>
      {range.most - range.least <= 4 && <Track label={text(label)} range={range} value={value} normal={normal} onChange={onChange} />}
      <Box id={`${id}-help`} sx={{ color: bad ? "error.main" : "text.secondary", fontSize: "0.8125rem", mt: 0.5 }}>
        {bad ? text(range.above ? "parameterRangeAbove" : range.whole ? "parameterRangeWhole" : "parameterRange", bounds) : text(help)}
        {typeof normal === "number" && <Box sx={{ color: "text.secondary" }}>{text("parameterModelDefault", { value: show(normal) })}</Box>}
      </Box>
    </Box>
  );
}

interface TrackProps {
  label: string;
  range: NumberRange;
  value: number | null | undefined;
  normal: unknown;
  onChange: (value: number) => void;
}

function Track({ label, range, value, normal, onChange }: TrackProps) {
  const rest = typeof normal === "number" ? normal : range.neutral ?? range.least;
  // Its own value between two commits, so that dragging does not store each step.
  const { typed, setTyped, commit } = useTyped(String(value ?? rest), (entered) => onChange(Number(entered)));
  return (
    <Slider
      size="small"
      aria-label={label}
      value={Number(typed)}
      min={range.above ? range.least + 0.01 : range.least}
      max={range.most}
      // Where nothing is chosen there is a place to begin from, but no amount.
      track={value == null ? false : "normal"}
      step={range.most - range.least > 1 ? 0.05 : 0.01}
      onChange={(_, next) => setTyped(String(next))}
      onChangeCommitted={commit}
      color={value == null ? "secondary" : "primary"}
      sx={{ display: "block", mx: 1, width: "auto", opacity: value == null ? 0.55 : 1 }}
    />
  );
}
