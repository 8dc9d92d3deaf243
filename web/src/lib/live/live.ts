import { currentTokenSource } from "@/lib/api";
import { LiveSocket } from "./live_socket";

const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/covey/v1/ws`;

/** The live connection of this tab. It is up while somebody is logged in. */
export const live = new LiveSocket(url, {
  current: () => currentTokenSource().current(),
  renewed: (refused) => currentTokenSource().renewed(refused),
});
