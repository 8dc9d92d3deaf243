import "@fontsource-variable/figtree";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { resume } from "@/features/session/session";
import { chooseLocale, preferredLocale } from "@/i18n/locale";

async function main(): Promise<void> {
  await chooseLocale(preferredLocale(), false);
  void resume();
  const root = document.getElementById("root");
  if (root === null) throw new Error("the page has no root");
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

void main();
