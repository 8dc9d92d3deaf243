import type { Catalogue } from "@/i18n/locale";
import { account } from "./ar/account";
import { app } from "./ar/app";
import { chat } from "./ar/chat";
import { session } from "./ar/session";

export const ar: Catalogue = { ...account, ...app, ...chat, ...session };
