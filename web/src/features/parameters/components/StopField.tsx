import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import TextField from "@mui/material/TextField";
import { useState } from "react";
import { useText } from "@/i18n/locale";
import { isStop, LONGEST_STOP, MOST_STOPS } from "../settings";

interface StopFieldProps {
  value: readonly string[];
  /** What the model ends answers with when nothing is set here. */
  normal?: unknown;
  onChange: (value: string[]) => void;
}

const shown = (stop: string) => stop.replace(/\n/g, "\\n");

/** Texts that end an answer. `\n` stands for a line break, which a field of one line cannot hold. */
export function StopField({ value, normal, onChange }: StopFieldProps) {
  const text = useText();
  const [typed, setTyped] = useState("");
  const stop = typed.replace(/\\n/g, "\n");
  const usual = Array.isArray(normal) ? normal.filter(isStop) : [];
  const full = value.length >= MOST_STOPS;
  const add = () => {
    if (full || !isStop(stop)) return;
    if (!value.includes(stop)) onChange([...value, stop]);
    setTyped("");
  };
  return (
    <Box>
      <Box sx={{ display: "flex", gap: 1, alignItems: "start" }}>
        <TextField
          label={text("parameterStop")}
          value={typed}
          disabled={full}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            add();
          }}
          error={stop.length > LONGEST_STOP}
          helperText={text(full ? "parameterStopFull" : "parameterStopHelp")}
          slotProps={{ htmlInput: { dir: "auto" } }}
        />
        <Button variant="outlined" color="inherit" onClick={add} disabled={full || !isStop(stop)}>
          {text("parameterStopAdd")}
        </Button>
      </Box>
      {usual.length > 0 && (
        <Box dir="auto" sx={{ color: "text.secondary", fontSize: "0.8125rem", mt: 0.5 }}>
          {text("parameterModelDefault", { value: usual.map(shown).join(", ") })}
        </Box>
      )}
      <Box component="ul" sx={{ display: "flex", flexWrap: "wrap", gap: 0.75, m: 0, mt: 1, p: 0, listStyle: "none" }}>
        {value.map((each) => (
          <li key={each}>
            <Chip
              size="small"
              label={<bdi>{shown(each)}</bdi>}
              onDelete={() => onChange(value.filter((other) => other !== each))}
              aria-label={text("parameterStopRemove", { stop: shown(each) })}
            />
          </li>
        ))}
      </Box>
    </Box>
  );
}
