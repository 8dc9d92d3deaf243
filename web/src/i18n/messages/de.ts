import type { Catalogue } from "@/i18n/locale";
import { account } from "./de/account";
import { app } from "./de/app";
import { chat } from "./de/chat";
import { session } from "./de/session";

export const de: Catalogue = { ...account, ...app, ...chat, ...session };
