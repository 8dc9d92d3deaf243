// Writes the types of Covey's API (src/lib/schema.d.ts) from the routes as the code has them; no server runs.
// With --check it only compares, and fails when the committed file is not what the code says.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";

const root = resolve(import.meta.dirname, "../..");
const target = resolve(import.meta.dirname, "../src/lib/schema.d.ts");
const environmentPython = resolve(root, ".venv/bin/python");
const python = process.env.COVEY_PYTHON ?? (existsSync(environmentPython) ? environmentPython : "python3");
const program = `
import json, sys
from covey.bridge.config import BridgeConfig
from covey.bridge.openapi import describe
from covey.bridge.worker import bridge_routes
async def check(): pass
json.dump(describe(bridge_routes(None, None, BridgeConfig(web_directory="/nonexistent"), check)), sys.stdout)
`;

const description = execFileSync(python, ["-c", program], {
  cwd: root,
  env: { ...process.env, PYTHONPATH: resolve(root, "src") },
  maxBuffer: 64 * 1024 * 1024,
});
const header = "// Made by `npm run api` from the routes of the bridge. Do not edit.\n\n";
const types = header + astToString(await openapiTS(description.toString(), { defaultNonNullable: false }));

if (!process.argv.includes("--check")) {
  writeFileSync(target, types);
} else if (!existsSync(target) || readFileSync(target, "utf8") !== types) {
  console.error("src/lib/schema.d.ts is not what the API says: run `npm run api`");
  process.exit(1);
}
