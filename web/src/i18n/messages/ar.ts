import type { Catalogue } from "@/i18n/locale";
import { app } from "./ar/app";
import { session } from "./ar/session";

export const ar: Catalogue = { ...app, ...session };
