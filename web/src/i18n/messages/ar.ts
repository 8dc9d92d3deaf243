import type { Catalogue } from "@/i18n/locale";
import { account } from "./ar/account";
import { administration } from "./ar/administration";
import { app } from "./ar/app";
import { chat } from "./ar/chat";
import { service } from "./ar/service";
import { session } from "./ar/session";
import { settings } from "./ar/settings";
import { machines } from "./ar/machines";
import { models } from "./ar/models";
import { parameters } from "./ar/parameters";
import { conversations } from "./ar/conversations";
import { code } from "./ar/code";
import { palette } from "./ar/palette";
import { compare } from "./ar/compare";
import { content } from "./ar/content";

export const ar: Catalogue = { ...account, ...administration, ...app, ...chat, ...service, ...session, ...settings, ...machines, ...models, ...parameters, ...conversations, ...code, ...palette, ...compare, ...content };
