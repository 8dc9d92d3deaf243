import { once } from "node:events";
import { createServer } from "node:http";
import type { RunningCovey } from "./covey_processes";
import type { EchoEngine } from "./echo_engine";
import type { ModelFiles } from "./model_files";

export interface Remote {
  url: string;
  stop: () => Promise<void>;
}

/** Lets tests, which run in processes of their own, stop and start the bridge and look at the engine. */
export async function startRemote({ covey, echo, files }: { covey: RunningCovey; echo: EchoEngine; files: ModelFiles }): Promise<Remote> {
  const actions: Record<string, () => Promise<unknown>> = {
    "/bridge/kill": () => covey.bridge.stop("SIGKILL"),
    "/bridge/stop": () => covey.bridge.stop(),
    "/bridge/start": () => covey.bridge.start(),
    "/engine/running": async () => echo.running(),
    "/engine/asked": async () => echo.asked(),
    "/files/release": async () => files.release(),
  };
  const server = createServer((request, response) => {
    const action = actions[request.url ?? ""];
    if (action === undefined) {
      response.writeHead(404).end();
      return;
    }
    action().then(
      (value) => response.writeHead(200).end(JSON.stringify(value ?? null)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
