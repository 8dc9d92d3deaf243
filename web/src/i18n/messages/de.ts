import type { Catalogue } from "@/i18n/locale";
import { account } from "./de/account";
import { administration } from "./de/administration";
import { app } from "./de/app";
import { chat } from "./de/chat";
import { service } from "./de/service";
import { session } from "./de/session";
import { settings } from "./de/settings";
import { machines } from "./de/machines";
import { models } from "./de/models";
import { parameters } from "./de/parameters";
import { conversations } from "./de/conversations";
import { code } from "./de/code";
import { palette } from "./de/palette";
import { compare } from "./de/compare";
import { content } from "./de/content";

export const de: Catalogue = { ...account, ...administration, ...app, ...chat, ...service, ...session, ...settings, ...machines, ...models, ...parameters, ...conversations, ...code, ...palette, ...compare, ...content };
