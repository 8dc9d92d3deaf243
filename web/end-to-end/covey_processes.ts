import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
export const python = process.env.COVEY_PYTHON ?? join(root, ".venv/bin/python");
export const MODEL_FILE = join(root, ".cache/models/SmolLM2-135M-Instruct.Q4_1.gguf");
const READY = /Covey is up|Ctrl-C stops/;

/** A TCP port that nothing uses now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** One `covey up`, or another command that goes on, with its own arguments; restarted and ended by whoever began it. */
export class CoveyProcess {
  private child: ChildProcess | null = null;
  private output = "";

  constructor(
    private readonly args: string[],
    private readonly command: string[] = ["up"],
  ) {}

  async start(): Promise<void> {
    const child = spawn(python, ["-m", "covey", ...this.command, ...this.args], {
      cwd: root,
      env: { ...process.env, PYTHONPATH: join(root, "src"), NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.output = "";
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`Covey did not come up:\n${this.output}`)), 40_000);
      const read = (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-20_000);
        if (READY.test(this.output)) {
          clearTimeout(timer);
          done();
        }
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", read);
      child.once("exit", (code) => {
        clearTimeout(timer);
        fail(new Error(`Covey ended with ${code}:\n${this.output}`));
      });
    });
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.child;
    this.child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(timer);
  }
}

export interface RunningCovey {
  url: string;
  bridge: CoveyProcess;
  stop: () => Promise<void>;
}

/** Covey in two processes, so that the bridge can be restarted while the workers go on. */
export async function startCovey(engines: string[]): Promise<RunningCovey> {
  if (!existsSync(python)) throw new Error(`${python} is missing: run ./dev setup`);
  const folder = mkdtempSync(join(tmpdir(), "covey-browser-"));
  const [port, meshPort] = [await freePort(), await freePort()];
  const common = [
    ...["--data-dir", join(folder, "data"), "--log-dir", join(folder, "logs")],
    ...["--set", "metrics.enabled=false", "--set", "node.drain_timeout_s=1"],
    // All of these people come from one address within minutes.
    ...["--set", 'auth.throttle.registration={"burst":1000,"refill_s":1}'],
  ];
  const roles = ["mesh", "auth", "client", "gateway", "processor"].flatMap((role) => ["--role", role]);
  const workers = new CoveyProcess([...common, ...roles, "--set", `mesh.server.port=${meshPort}`, ...engines]);
  const bridge = new CoveyProcess([
    ...[...common, "--role", "bridge", "--nats-url", `nats://127.0.0.1:${meshPort}`],
    ...["--port", String(port)],
  ]);
  const stop = async () => {
    await bridge.stop();
    await workers.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await workers.start();
    await bridge.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, bridge, stop };
}
