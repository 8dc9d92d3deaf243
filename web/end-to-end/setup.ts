import type { TestProject } from "vitest/node";
import { MODEL_FILE, startCovey } from "./covey_processes";
import { startEchoEngine } from "./echo_engine";
import { HOSTILE_MODEL } from "./hostile_model";
import { startRemote } from "./remote";

declare module "vitest" {
  export interface ProvidedContext {
    url: string;
    /** Where tests ask for what only the process that started Covey can do. */
    remote: string;
  }
}

/** Starts Covey with the real small model and the echo engine; ends both after the last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const echo = await startEchoEngine(["echo", HOSTILE_MODEL]);
  const covey = await startCovey([
    ...["--model-file", MODEL_FILE],
    ...["--set", `engines.openai=${JSON.stringify([{ name: "echo", base_url: `${echo.url}/v1` }])}`],
  ]);
  const remote = await startRemote({ covey, echo });
  project.provide("url", covey.url);
  project.provide("remote", remote.url);
  return async () => {
    await remote.stop();
    await covey.stop();
    await echo.stop();
  };
}
