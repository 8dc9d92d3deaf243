import type { StoredMessage } from "@/lib/api_types";
import { FORMAT, VERSION } from "./export_formats";

/** What the service takes for a conversation that is imported. */
export interface ImportedConversation {
  title: string;
  folder?: string;
  pinned?: boolean;
  model?: string | null;
  created_at?: number;
  active_leaf?: string | null;
  settings?: Record<string, unknown>;
  messages: unknown[];
}

/** Why a file cannot be imported. */
export type ImportProblem = "notJson" | "unknownFormat" | "newerVersion" | "empty";

export class ImportError extends Error {
  readonly problem: ImportProblem;

  constructor(problem: ImportProblem) {
    super(problem);
    this.name = "ImportError";
    this.problem = problem;
  }
}

const LONGEST_TITLE = 200;

/** The conversations in a file: our own export, or the `conversations.json` of ChatGPT's. Throws ImportError. */
export function readImport(text: string): ImportedConversation[] {
  let file: unknown;
  try {
    file = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new ImportError("notJson");
  }
  const conversations = isRecord(file) && file.format === FORMAT ? readOwn(file) : readForeign(file);
  if (conversations.length === 0) throw new ImportError("empty");
  return conversations;
}

function readOwn(file: Record<string, unknown>): ImportedConversation[] {
  if (typeof file.version === "number" && file.version > VERSION) throw new ImportError("newerVersion");
  if (!Array.isArray(file.conversations)) throw new ImportError("unknownFormat");
  return file.conversations.map((each: unknown) => {
    if (!isRecord(each) || !Array.isArray(each.messages)) throw new ImportError("unknownFormat");
    const leaf = each.active_leaf;
    return {
      title: textOr(each.title).slice(0, LONGEST_TITLE),
      folder: textOr(each.folder).slice(0, LONGEST_TITLE),
      pinned: each.pinned === true,
      model: typeof each.model === "string" ? each.model : null,
      ...(isTime(each.created_at) && { created_at: each.created_at }),
      ...(typeof leaf === "string" && each.messages.some((message) => isRecord(message) && message.id === leaf) && { active_leaf: leaf }),
      settings: isRecord(each.settings) ? each.settings : {},
      messages: each.messages,
    };
  });
}

interface Node {
  id: string;
  parent: string | null;
  message: unknown;
}

function readForeign(file: unknown): ImportedConversation[] {
  const list = Array.isArray(file) ? file : [file];
  if (!list.some((each) => isRecord(each) && isRecord(each.mapping))) throw new ImportError("unknownFormat");
  return list.flatMap((each: unknown) => {
    if (!isRecord(each) || !isRecord(each.mapping)) return [];
    const messages = foreignMessages(each.mapping);
    if (messages.length === 0) return [];
    const leaf = messages.find((message) => message.id === each.current_node)?.id;
    return [
      {
        title: textOr(each.title).slice(0, LONGEST_TITLE),
        ...(isTime(each.create_time) && { created_at: each.create_time }),
        ...(leaf !== undefined && { active_leaf: leaf }),
        messages,
      },
    ];
  });
}

type ForeignMessage = Pick<StoredMessage, "id" | "parent_id" | "created_at"> & { message: { role: string; content: string } };

/** Parents before children. Nodes without words are left out; what is below them goes to the next one above. */
function foreignMessages(mapping: Record<string, unknown>): ForeignMessage[] {
  const nodes = new Map<string, Node>();
  for (const [id, node] of Object.entries(mapping)) {
    if (isRecord(node)) nodes.set(id, { id, parent: typeof node.parent === "string" ? node.parent : null, message: node.message });
  }
  const children = new Map<string | null, Node[]>();
  for (const node of nodes.values()) {
    const parent = node.parent !== null && nodes.has(node.parent) ? node.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), node]);
  }
  const found: ForeignMessage[] = [];
  const open = (children.get(null) ?? []).map((node) => ({ node, above: null as string | null }));
  for (let index = 0; index < open.length; index += 1) {
    const { node, above } = open[index] as { node: Node; above: string | null };
    const said = foreignText(node.message);
    if (said !== null) found.push({ id: node.id, parent_id: above, ...said });
    for (const child of children.get(node.id) ?? []) open.push({ node: child, above: said === null ? above : node.id });
  }
  return found;
}

function foreignText(message: unknown): { created_at: number; message: { role: string; content: string } } | null {
  if (!isRecord(message) || !isRecord(message.author) || !isRecord(message.content)) return null;
  const { role } = message.author;
  if (role !== "user" && role !== "assistant") return null;
  const parts = Array.isArray(message.content.parts) ? message.content.parts : [];
  const content = parts.filter((part) => typeof part === "string").join("\n").trim();
  return content === "" ? null : { created_at: isTime(message.create_time) ? message.create_time : 0, message: { role, content } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const textOr = (value: unknown) => (typeof value === "string" ? value : "");
const isTime = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value > 0;
