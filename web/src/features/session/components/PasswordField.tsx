import { mdiEyeOffOutline, mdiEyeOutline } from "@mdi/js";
import InputAdornment from "@mui/material/InputAdornment";
import TextField, { type TextFieldProps } from "@mui/material/TextField";
import { useState } from "react";
import { IconAction } from "@/components/IconAction";
import { useText } from "@/i18n/locale";

/** A password that can be looked at; password managers and pasting work. */
export function PasswordField(props: TextFieldProps) {
  const text = useText();
  const [shown, setShown] = useState(false);
  return (
    <TextField
      {...props}
      type={shown ? "text" : "password"}
      slotProps={{
        ...props.slotProps,
        input: {
          endAdornment: (
            <InputAdornment position="end">
              <IconAction
                path={shown ? mdiEyeOffOutline : mdiEyeOutline}
                label={text(shown ? "hidePassword" : "showPassword")}
                onClick={() => setShown(!shown)}
                edge="end"
              />
            </InputAdornment>
          ),
        },
      }}
    />
  );
}
