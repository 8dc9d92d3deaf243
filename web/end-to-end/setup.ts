import type { TestProject } from "vitest/node";
import { MODEL_FILE, startCovey } from "./covey_processes";
import { startEchoEngine } from "./echo_engine";
import { echoEngines } from "./engines";
import { HOSTILE_MODEL } from "./hostile_model";
import { startModelFiles } from "./model_files";
import { startRemote } from "./remote";

declare module "vitest" {
  export interface ProvidedContext {
    url: string;
    /** Where tests ask for what only the process that started Covey can do. */
    remote: string;
  }
}

/**
 * Starts Covey with the real small model and the echo engine, and ends all after the last test. Another build of the
 * interface than the one in src/covey/web is tested with COVEY__BRIDGE__WEB_DIRECTORY=<folder>.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const echo = await startEchoEngine(["echo", HOSTILE_MODEL]);
  const files = await startModelFiles();
  const catalogue = { models: files.catalogue, allow_http: true, allow_private_addresses: true };
  const covey = await startCovey([
    ...["--model-file", MODEL_FILE],
    ...["--set", `engines.openai=${JSON.stringify(echoEngines(echo.url))}`],
    ...["--set", `processor.catalogue=${JSON.stringify(catalogue)}`],
  ]);
  const remote = await startRemote({ covey, echo, files });
  project.provide("url", covey.url);
  project.provide("remote", remote.url);
  return async () => {
    await remote.stop();
    await covey.stop();
    await echo.stop();
    await files.stop();
  };
}
