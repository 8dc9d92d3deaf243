import IconButton, { type IconButtonProps } from "@mui/material/IconButton";
import Tooltip from "@mui/material/Tooltip";
import type { Ref } from "react";
import { Icon } from "./Icon";

interface IconActionProps extends Omit<IconButtonProps, "children"> {
  path: string;
  /** What it does; the name for screen readers and the tooltip. */
  label: string;
  /** Keys that do the same, shown in the tooltip. */
  keys?: string;
  ref?: Ref<HTMLButtonElement>;
}

/** A button that shows a picture only. Without a name for it there is none. */
export function IconAction({ path, label, keys, ref, ...rest }: IconActionProps) {
  const button = (
    <IconButton ref={ref} size="small" aria-label={label} {...rest}>
      <Icon path={path} />
    </IconButton>
  );
  return (
    <Tooltip title={keys ? `${label} (${keys})` : label} describeChild={false}>
      {rest.disabled ? <span>{button}</span> : button}
    </Tooltip>
  );
}
