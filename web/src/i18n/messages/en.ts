import { account } from "./en/account";
import { administration } from "./en/administration";
import { app } from "./en/app";
import { chat } from "./en/chat";
import { service } from "./en/service";
import { session } from "./en/session";
import { settings } from "./en/settings";
import { machines } from "./en/machines";
import { models } from "./en/models";
import { parameters } from "./en/parameters";
import { conversations } from "./en/conversations";
import { code } from "./en/code";
import { palette } from "./en/palette";
import { compare } from "./en/compare";
import { content } from "./en/content";

/** Every text of the interface in English. Other languages have exactly these keys. */
export const en = { ...account, ...administration, ...app, ...chat, ...service, ...session, ...settings, ...machines, ...models, ...parameters, ...conversations, ...code, ...palette, ...compare, ...content };
