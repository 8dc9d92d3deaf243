import type { ChatMessage } from "@/lib/api_types";
import { randomId } from "@/lib/identifiers";
import { type TextFile, withFiles } from "./message_text";
import { shrunkImage } from "./shrink_image";

export type Attachment =
  | { id: string; kind: "image"; name: string; url: string }
  | { id: string; kind: "text"; name: string; text: string };

/** Why a file was not taken. */
export type Refusal = "noVision" | "imageUnreadable" | "imageTooLarge" | "binary" | "textTooLarge" | "tooMany" | "empty";

export const MOST_FILES = 8;
const LARGEST_TEXT_BYTES = 400_000;
const LARGEST_IMAGE_BYTES = 40_000_000;
const IMAGE = /^image\//;

export interface Taken {
  taken: Attachment[];
  refused: { name: string; why: Refusal }[];
}

/** Reads files to be sent with a question. Each one that cannot be is told with its reason. */
export async function takeFiles(files: readonly File[], vision: boolean, already: number): Promise<Taken> {
  const result: Taken = { taken: [], refused: [] };
  for (const file of files) {
    const name = file.name || "image";
    if (already + result.taken.length >= MOST_FILES) {
      result.refused.push({ name, why: "tooMany" });
      continue;
    }
    const read = IMAGE.test(file.type) && file.type !== "image/svg+xml" ? await readImage(file, vision) : await readText(file);
    if (typeof read === "string") result.refused.push({ name, why: read });
    else result.taken.push({ ...read, id: randomId(), name });
  }
  return result;
}

async function readImage(file: File, vision: boolean): Promise<{ kind: "image"; url: string } | Refusal> {
  if (!vision) return "noVision";
  if (file.size > LARGEST_IMAGE_BYTES) return "imageTooLarge";
  const url = await shrunkImage(file);
  return url === null ? "imageUnreadable" : { kind: "image", url };
}

async function readText(file: File): Promise<{ kind: "text"; text: string } | Refusal> {
  if (file.size === 0) return "empty";
  if (file.size > LARGEST_TEXT_BYTES) return looksBinary(new Uint8Array(await file.slice(0, 8192).arrayBuffer())) ? "binary" : "textTooLarge";
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = textFrom(bytes);
  return text === null ? "binary" : { kind: "text", text };
}

/** The text in some bytes, or null when they are none. */
export function textFrom(bytes: Uint8Array): string | null {
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : null;
  if (wide === null && looksBinary(bytes)) return null;
  try {
    return new TextDecoder(wide ?? "utf-8", { fatal: true }).decode(bytes).replace(/\r\n?/g, "\n");
  } catch {
    // Old files of Windows are the usual other kind. Every byte means something there.
    return wide === null ? new TextDecoder("windows-1252").decode(bytes).replace(/\r\n?/g, "\n") : null;
  }
}

function looksBinary(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 8192);
  let strange = 0;
  for (const byte of start) {
    if (byte === 0) return true;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) strange += 1;
  }
  return strange > start.length / 50;
}

/** The content of a question: files before its text, pictures behind it. */
export function contentOf(text: string, attachments: readonly Attachment[]): NonNullable<ChatMessage["content"]> {
  const files: TextFile[] = attachments.flatMap((each) => (each.kind === "text" ? [{ name: each.name, text: each.text }] : []));
  const whole = withFiles(text, files);
  const images = attachments.filter((each) => each.kind === "image");
  if (images.length === 0) return whole;
  return [
    ...(whole === "" ? [] : [{ type: "text" as const, text: whole }]),
    ...images.map((image) => ({ type: "image_url" as const, image_url: { url: image.url, detail: "auto" } })),
  ];
}
