import type { StoredMessage } from "@/lib/api_types";

type Content = StoredMessage["message"]["content"];

/** The text of a message, without its pictures. */
export function textOf(content: Content | undefined): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

const SHOWABLE = /^(data:image\/(png|jpeg|webp|gif);base64,|covey-attachment:)/;

/**
 * The pictures of a message: `data:` addresses, or the names of pictures that the service keeps. Others are never
 * shown: nothing is fetched from elsewhere.
 */
export function imagesOf(content: Content | undefined): string[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((part) => (part.type === "image_url" && SHOWABLE.test(part.image_url.url) ? [part.image_url.url] : []));
}

export interface TextFile {
  name: string;
  text: string;
}

/** What is sent for a text with files: each file as a fenced block below its name, the text last. */
export function withFiles(text: string, files: readonly TextFile[]): string {
  return files.map((file) => block(file)).join("") + text;
}

function block(file: TextFile): string {
  const longest = Math.max(2, ...Array.from(file.text.matchAll(/`{3,}/g), (run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  return `File: ${file.name.replace(/[\r\n`]/g, " ")}\n${fence}${languageOf(file.name)}\n${file.text.replace(/\n?$/, "\n")}${fence}\n\n`;
}

function languageOf(name: string): string {
  return /\.([a-z0-9]{1,10})$/i.exec(name)?.[1]?.toLowerCase() ?? "";
}

const FILE = /^File: ([^\n]{1,255})\n(`{3,})[^\n`]*\n/;

/** The files at the beginning of a text, as `withFiles` put them there, and the text itself. */
export function splitFiles(content: string): { files: TextFile[]; text: string } {
  const files: TextFile[] = [];
  let rest = content;
  for (let head = FILE.exec(rest); head !== null; head = FILE.exec(rest)) {
    const [opening, name = "", fence = ""] = head;
    const from = opening.length - 1;
    const end = rest.indexOf(`\n${fence}\n\n`, from);
    if (end === -1) break;
    files.push({ name, text: rest.slice(from + 1, end + 1) });
    rest = rest.slice(end + fence.length + 3);
  }
  return { files, text: rest };
}
