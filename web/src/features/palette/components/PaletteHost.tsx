import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { openPalette, usePalette } from "../palette_state";
import { askedBy, useShortcuts } from "../shortcuts";

const Palette = lazy(() => import("./Palette"));
const ShortcutSheet = lazy(() => import("./ShortcutSheet"));

/** Listens for the keys that work everywhere. What they open is loaded with the first use. */
export function PaletteHost() {
  const navigate = useNavigate();
  const on = useShortcuts((state) => state.on);
  const open = usePalette((state) => state.open);
  useEffect(() => {
    if (!on) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const asked = askedBy(event);
      if (asked === null) return;
      event.preventDefault();
      if (asked === "newChat") void navigate({ to: "/" });
      else openPalette(usePalette.getState().open === asked ? null : asked);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [on, navigate]);
  return (
    <Suspense>
      {open === "palette" && <Palette />}
      {open === "sheet" && <ShortcutSheet />}
    </Suspense>
  );
}
