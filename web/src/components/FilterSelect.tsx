import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useText } from "@/i18n/locale";

interface FilterSelectProps {
  label: string;
  /** Empty: everything. */
  value: string;
  options: [value: string, label: string][];
  onChange: (value: string) => void;
}

/** One choice of a bar of filters; the first is always everything. */
export function FilterSelect({ label, value, options, onChange }: FilterSelectProps) {
  const text = useText();
  // What was chosen stays a choice when it is no longer in the list, a deleted user for example.
  const all: [string, string][] = value === "" || options.some(([each]) => each === value) ? options : [...options, [value, value]];
  return (
    <TextField
      select
      size="small"
      label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      sx={{ width: "10.5rem", flex: { xs: "1 1 9rem", sm: "none" } }}
      slotProps={{ inputLabel: { shrink: true }, select: { displayEmpty: true } }}
    >
      <MenuItem value="">{text("filterAll")}</MenuItem>
      {all.map(([each, name]) => (
        <MenuItem key={each} value={each}>
          <bdi>{name}</bdi>
        </MenuItem>
      ))}
    </TextField>
  );
}
