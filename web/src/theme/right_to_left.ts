import rtl from "@mui/stylis-plugin-rtl";
import { prefixer } from "stylis";

export const rightToLeft = [prefixer, rtl];
