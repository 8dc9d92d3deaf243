import { app } from "./en/app";
import { session } from "./en/session";

/** Every text of the interface in English. Other languages have exactly these keys. */
export const en = { ...app, ...session };
