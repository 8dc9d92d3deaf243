import type { Catalogue } from "@/i18n/locale";
import { app } from "./de/app";
import { session } from "./de/session";

export const de: Catalogue = { ...app, ...session };
