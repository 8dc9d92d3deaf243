import { createTheme, type Theme } from "@mui/material/styles";
import { dark, FONT, light, MONO } from "./tokens";

declare module "@mui/material/styles" {
  interface Palette {
    sunken: string;
    rust: string;
  }
  interface PaletteOptions {
    sunken?: string;
    rust?: string;
  }
}

function palette(colours: typeof light) {
  return {
    background: { default: colours.paper, paper: colours.surface },
    text: { primary: colours.ink, secondary: colours.inkSoft },
    divider: colours.line,
    primary: { main: colours.green, dark: colours.greenDeep, contrastText: colours.onGreen },
    secondary: { main: colours.rust, contrastText: colours.onGreen },
    success: { main: colours.good },
    warning: { main: colours.caution },
    error: { main: colours.danger },
    info: { main: colours.notice },
    sunken: colours.sunken,
    rust: colours.rust,
  };
}

const FOCUS = { outline: "2px solid var(--mui-palette-secondary-main)", outlineOffset: 2 };

/** MUI's components in Covey's look: flat, hairlines instead of shadows, plain words on buttons. */
export function makeTheme(direction: "ltr" | "rtl"): Theme {
  return createTheme({
    direction,
    cssVariables: { colorSchemeSelector: "data-scheme" },
    colorSchemes: { light: { palette: palette(light) }, dark: { palette: palette(dark) } },
    shape: { borderRadius: 10 },
    typography: {
      fontFamily: FONT,
      h1: { fontSize: "1.6rem", fontWeight: 680, letterSpacing: "-0.015em", lineHeight: 1.2 },
      h2: { fontSize: "1.15rem", fontWeight: 650, letterSpacing: "-0.01em" },
      h3: { fontSize: "1rem", fontWeight: 650 },
      button: { textTransform: "none", fontWeight: 600 },
      body2: { lineHeight: 1.5 },
    },
    components: {
      MuiCssBaseline: {
        styleOverrides: {
          "html, body, #root": { height: "100%" },
          body: { fontFeatureSettings: '"tnum" 0', overflowWrap: "anywhere" },
          "code, pre, kbd, samp": { fontFamily: MONO, fontSize: "0.875em" },
          "::selection": { background: "color-mix(in srgb, var(--mui-palette-secondary-main) 30%, transparent)" },
          "@media (prefers-reduced-motion: reduce)": {
            "*, *::before, *::after": {
              animationDuration: "0.01ms !important",
              animationIterationCount: "1 !important",
              transitionDuration: "0.01ms !important",
              scrollBehavior: "auto !important",
            },
          },
        },
      },
      MuiButtonBase: {
        defaultProps: { disableRipple: true },
        styleOverrides: { root: { fontFamily: "inherit", "&.Mui-focusVisible": FOCUS } },
      },
      MuiButton: { defaultProps: { disableElevation: true }, styleOverrides: { root: { minHeight: 38, paddingInline: 16 } } },
      MuiPaper: {
        defaultProps: { elevation: 0 },
        styleOverrides: { root: { backgroundImage: "none" }, outlined: { borderColor: "var(--mui-palette-divider)" } },
      },
      MuiDialog: {
        defaultProps: { fullWidth: true, maxWidth: "sm" },
        styleOverrides: { paper: { border: "1px solid var(--mui-palette-divider)", borderRadius: 16 } },
      },
      MuiDialogTitle: { defaultProps: { variant: "h2" }, styleOverrides: { root: { paddingTop: 22 } } },
      MuiDialogActions: { styleOverrides: { root: { padding: "8px 24px 20px" } } },
      MuiMenu: { styleOverrides: { paper: { border: "1px solid var(--mui-palette-divider)", minWidth: 180 } } },
      MuiTextField: { defaultProps: { size: "small", fullWidth: true } },
      MuiOutlinedInput: { styleOverrides: { root: { background: "var(--mui-palette-background-paper)" } } },
      MuiTooltip: { defaultProps: { enterDelay: 400 } },
      MuiChip: { styleOverrides: { root: { fontWeight: 550, borderRadius: 8 } } },
      MuiTableCell: { styleOverrides: { head: { fontWeight: 600, color: "var(--mui-palette-text-secondary)" } } },
      MuiLink: { styleOverrides: { root: { textUnderlineOffset: "0.18em" } } },
    },
  });
}
