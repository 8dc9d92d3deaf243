import Box from "@mui/material/Box";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useState } from "react";
import { useText } from "@/i18n/locale";
import { parseSchema, type ResponseFormat } from "../settings";
import { useTyped } from "../typed_value";

const EXAMPLE = JSON.stringify(
  { type: "object", properties: { answer: { type: "string" } }, required: ["answer"], additionalProperties: false },
  null,
  2,
);

interface FormatFieldProps {
  value: ResponseFormat | null | undefined;
  onChange: (value: ResponseFormat | null) => void;
}

/** Whether the answer is free text, some JSON, or JSON of a given schema. */
export function FormatField({ value, onChange }: FormatFieldProps) {
  const text = useText();
  const choose = (kind: string) => {
    if (kind === "json_object") onChange({ type: "json_object" });
    else if (kind === "json_schema") onChange(withSchema(parseSchema(EXAMPLE) ?? {}));
    else onChange(null);
  };
  return (
    <Box sx={{ display: "grid", gap: 1.5 }}>
      <TextField
        select
        label={text("parameterFormat")}
        value={value?.type ?? "text"}
        onChange={(event) => choose(event.target.value)}
        helperText={text("parameterFormatHelp")}
      >
        <MenuItem value="text">{text("parameterFormatText")}</MenuItem>
        <MenuItem value="json_object">{text("parameterFormatJson")}</MenuItem>
        <MenuItem value="json_schema">{text("parameterFormatSchema")}</MenuItem>
      </TextField>
      {value?.type === "json_schema" && (
        <SchemaField schema={value.json_schema.schema} onChange={(schema) => onChange(withSchema(schema, value.json_schema.name))} />
      )}
    </Box>
  );
}

function withSchema(schema: Record<string, unknown>, name = "answer"): ResponseFormat {
  return { type: "json_schema", json_schema: { name, schema } };
}

function SchemaField({ schema, onChange }: { schema: Record<string, unknown>; onChange: (schema: Record<string, unknown>) => void }) {
  const text = useText();
  const [bad, setBad] = useState(false);
  const { typed, setTyped, commit } = useTyped(JSON.stringify(schema, null, 2), (entered) => {
    const parsed = parseSchema(entered);
    setBad(parsed === null);
    if (parsed === null) return false;
    onChange(parsed);
  });
  return (
    <TextField
      label={text("parameterSchema")}
      multiline
      minRows={4}
      maxRows={14}
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        if (bad) setBad(parseSchema(event.target.value) === null);
      }}
      onBlur={commit}
      error={bad}
      helperText={text(bad ? "parameterSchemaBad" : "parameterSchemaHelp")}
      slotProps={{ htmlInput: { dir: "ltr", spellCheck: false, style: { fontFamily: "monospace", fontSize: "0.8125rem" } } }}
    />
  );
}
