import { CacheProvider, type EmotionCache } from "@emotion/react";
import CssBaseline from "@mui/material/CssBaseline";
import { ThemeProvider } from "@mui/material/styles";
import { type ReactNode, useEffect, useState } from "react";
import { LOCALES, useLocaleState } from "@/i18n/locale";
import { makeStyleCache } from "./style_cache";
import { makeTheme } from "./theme";

const leftToRight = { cache: makeStyleCache("c"), theme: makeTheme("ltr") };
let mirrored: { cache: EmotionCache; theme: typeof leftToRight.theme } | null = null;

async function mirror() {
  const { rightToLeft } = await import("./right_to_left");
  mirrored ??= { cache: makeStyleCache("r", rightToLeft), theme: makeTheme("rtl") };
  return mirrored;
}

/** Theme and styles for the language that is shown. */
export function Look({ children }: { children: ReactNode }) {
  const direction = useLocaleState((state) => LOCALES[state.locale].direction);
  const [look, setLook] = useState(direction === "rtl" ? mirrored : leftToRight);
  useEffect(() => {
    let wanted = true;
    if (direction === "ltr") setLook(leftToRight);
    else void mirror().then((found) => wanted && setLook(found));
    return () => {
      wanted = false;
    };
  }, [direction]);
  if (look === null) return null;
  return (
    <CacheProvider value={look.cache}>
      <ThemeProvider theme={look.theme} defaultMode="system" modeStorageKey="covey.scheme" disableTransitionOnChange={false}>
        <CssBaseline enableColorScheme />
        {children}
      </ThemeProvider>
    </CacheProvider>
  );
}
