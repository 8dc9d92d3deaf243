import rtl from "@mui/stylis-plugin-rtl";

/** Mirrors every rule. No prefixes are added: the browsers that run this interface need none of them. */
export const rightToLeft = [rtl];
