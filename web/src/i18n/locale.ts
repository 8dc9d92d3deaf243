import { useMemo } from "react";
import { create } from "zustand";
import { readStored, writeStored } from "@/lib/storage";
import { formatsOf } from "./formats";
import type { en } from "./messages/en";
import { fill, type Message, type Values } from "./text";

export type MessageKey = keyof typeof en;
export type Catalogue = Record<MessageKey, Message>;
export type Locale = "en" | "de" | "ar";

export const LOCALES: Record<Locale, { name: string; direction: "ltr" | "rtl" }> = {
  en: { name: "English", direction: "ltr" },
  de: { name: "Deutsch", direction: "ltr" },
  ar: { name: "العربية", direction: "rtl" },
};

const STORED = "covey.locale";

interface LocaleState {
  locale: Locale;
  messages: Catalogue;
}

/** Nothing is shown before `chooseLocale` has loaded the texts of a language. */
export const useLocaleState = create<LocaleState>(() => ({ locale: "en", messages: {} as Catalogue }));

async function load(locale: Locale): Promise<Catalogue> {
  if (locale === "de") return (await import("./messages/de")).de;
  if (locale === "ar") return (await import("./messages/ar")).ar;
  return (await import("./messages/en")).en;
}

/** Show everything in another language, from now on. */
export async function chooseLocale(locale: Locale, remember = true): Promise<void> {
  const messages = await load(locale);
  if (remember) writeStored(STORED, locale);
  document.documentElement.lang = locale;
  document.documentElement.dir = LOCALES[locale].direction;
  useLocaleState.setState({ locale, messages });
}

/** The language chosen before, or else the first of the browser's that there is. */
export function preferredLocale(stored = readStored(STORED), wanted: readonly string[] = navigator.languages): Locale {
  for (const tag of stored === null ? wanted : [stored, ...wanted]) {
    const language = tag.toLowerCase().split("-")[0];
    if (language !== undefined && language in LOCALES) return language as Locale;
  }
  return "en";
}

/** The language as the browser's user writes it: `en-GB` when the texts are English and that is what the browser asks for. */
export function regional(locale: Locale, wanted: readonly string[] = navigator.languages): string {
  return wanted.find((tag) => tag.toLowerCase().split("-")[0] === locale) ?? locale;
}

export type Translate = (key: MessageKey, values?: Values) => string;

/** Outside components. */
export function say(key: MessageKey, values: Values = {}): string {
  const { locale, messages } = useLocaleState.getState();
  return fill(messages[key], values, regional(locale));
}

export function useText(): Translate {
  const { locale, messages } = useLocaleState();
  return useMemo(() => {
    const written = regional(locale);
    return (key: MessageKey, values: Values = {}) => fill(messages[key], values, written);
  }, [locale, messages]);
}

export function useFormats() {
  const locale = useLocaleState((state) => state.locale);
  return useMemo(() => formatsOf(regional(locale)), [locale]);
}
