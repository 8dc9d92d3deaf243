import SvgIcon, { type SvgIconProps } from "@mui/material/SvgIcon";

interface IconProps extends Omit<SvgIconProps, "path"> {
  /** A path of @mdi/js. */
  path: string;
}

/** A picture beside a text; it says nothing by itself. */
export function Icon({ path, ...rest }: IconProps) {
  return (
    <SvgIcon fontSize="small" aria-hidden="true" {...rest}>
      <path d={path} />
    </SvgIcon>
  );
}
