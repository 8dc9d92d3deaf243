// Holds the built interface (src/covey/web) to its budgets, in KB of gzip: what a first visit loads, and every part
// that is loaded later. Prints what there is, fails on what is too large.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";

const ENTRY_KB = 170;
const LOGIN_KB = 235;
const CHAT_KB = 280;
const LAZY_KB = 140;

const folder = resolve(import.meta.dirname, "../../src/covey/web");
const manifest = JSON.parse(readFileSync(resolve(folder, "manifest.json"), "utf8"));
const sizes = new Map();

function kilobytes(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(resolve(folder, file)), { level: 9 }).length / 1000);
  return sizes.get(file);
}

/** The files that a chunk needs before it can run. */
function needed(key, found = new Set()) {
  const chunk = manifest[key];
  if (chunk === undefined) throw new Error(`the build has no ${key}`);
  for (const file of [chunk.file, ...(chunk.css ?? [])]) found.add(file);
  for (const other of chunk.imports ?? []) if (!found.has(manifest[other].file)) needed(other, found);
  return found;
}

function total(...keys) {
  const files = new Set(keys.flatMap((key) => [...needed(key)]));
  return [...files].reduce((sum, file) => sum + kilobytes(file), 0);
}

const ENTRY = "index.html";
const SHELL = "src/app/Shell.tsx";
const CHAT = ["src/features/chat/components/ChatPage.tsx"];
const SIDEBAR = Object.keys(manifest).filter((key) => /\/(ChatSidebar|ConversationSidebar)\.tsx$/.test(key));

const checks = [
  ["entry", total(ENTRY), ENTRY_KB],
  ["log-in view", total(ENTRY, "src/features/session/components/EntryPage.tsx"), LOGIN_KB],
  ["first chat view", total(ENTRY, SHELL, ...CHAT, ...SIDEBAR), CHAT_KB],
];
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isEntry && chunk.file.endsWith(".js")) checks.push([`part ${key}`, kilobytes(chunk.file), LAZY_KB]);
}
const shown = checks.filter(([name, size, limit]) => !name.startsWith("part ") || size > 20 || size > limit);
for (const [name, size, limit] of shown) {
  console.log(`${size > limit ? "TOO LARGE " : ""}${name}: ${size.toFixed(1)} KB of ${limit}`);
}
if (checks.some(([, size, limit]) => size > limit)) process.exit(1);
