import { mdiChevronDown } from "@mdi/js";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Collapse from "@mui/material/Collapse";
import { useId, useState } from "react";
import { Icon } from "@/components/Icon";
import { NumberField } from "@/features/parameters/components/NumberField";
import { StopField } from "@/features/parameters/components/StopField";
import { NUMBER_FIELDS } from "@/features/parameters/number_fields";
import { type ConversationSettings, countChanged, withSampling } from "@/features/parameters/settings";
import { useText } from "@/i18n/locale";

type ChosenSampling = NonNullable<ConversationSettings["sampling"]>;

interface SamplingFieldsProps {
  sampling: ChosenSampling;
  onChange: (sampling: ChosenSampling) => void;
}

/** What is used for a model where a request says nothing. Put away until somebody wants to see it. */
export function SamplingFields({ sampling, onChange }: SamplingFieldsProps) {
  const text = useText();
  const id = useId();
  const [open, setOpen] = useState(false);
  const count = countChanged({ sampling });
  const set = (...[name, value]: [Parameters<typeof withSampling>[1], Parameters<typeof withSampling>[2]]) =>
    onChange(withSampling({ sampling }, name, value).sampling ?? {});
  return (
    <Box sx={{ border: 1, borderColor: "divider", borderRadius: 2 }}>
      <Button
        color="inherit"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
        endIcon={<Icon path={mdiChevronDown} sx={{ transition: "transform .15s", transform: open ? "rotate(180deg)" : undefined }} />}
        sx={{ width: "100%", justifyContent: "space-between", px: 2, py: 1.25, textAlign: "start" }}
      >
        {count === 0 ? text("modelSampling") : text("modelSamplingChosen", { count })}
      </Button>
      <Collapse in={open} id={id} unmountOnExit>
        <Box sx={{ display: "grid", gap: 2.5, px: 2, pb: 2 }}>
          <Box component="p" sx={{ m: 0, color: "text.secondary", fontSize: "0.875rem" }}>
            {text("modelSamplingHint")}
          </Box>
          {NUMBER_FIELDS.map(({ name, label, help }) => (
            <NumberField key={name} name={name} label={label} help={help} value={sampling[name]} normal={undefined} onChange={(value) => set(name, value)} />
          ))}
          <StopField value={sampling.stop ?? []} onChange={(value) => set("stop", value)} />
        </Box>
      </Collapse>
    </Box>
  );
}
