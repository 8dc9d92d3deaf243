import Button from "@mui/material/Button";
import MuiLink from "@mui/material/Link";
import ListItemButton from "@mui/material/ListItemButton";
import MenuItem from "@mui/material/MenuItem";
import { createLink } from "@tanstack/react-router";

/** MUI's components as links of the router, with checked addresses. */
export const ButtonLink = createLink(Button);
export const TextLink = createLink(MuiLink);
export const ListLink = createLink(ListItemButton);
export const MenuLink = createLink(MenuItem);
