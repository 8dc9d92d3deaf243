import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";

/** What the page for models can fetch: one whose bytes come only when they are let, and one that nobody has. */
export const SLOW_FILE = "tiny:slow";
export const MISSING_FILE = "tiny:missing";
const SIZE_BYTES = 4_000_000;

export interface ModelFiles {
  /** For the setting `processor.catalogue`. */
  catalogue: { name: string; url: string; size_bytes: number; license: string; sha256?: string; description: string }[];
  /** Sends the other half of the file to everybody who waits for it, now and later. */
  release: () => void;
  stop: () => Promise<void>;
}

/** A server with a small GGUF file of which the second half waits until it is released. */
export async function startModelFiles(): Promise<ModelFiles> {
  const file = tinyModel();
  const waiting = new Set<ServerResponse>();
  let released = false;
  const server = createServer((request, response) => {
    if (request.url !== "/tiny.gguf") {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": file.length });
    if (request.method === "HEAD") response.end();
    else if (released) response.end(file);
    else {
      response.write(file.subarray(0, file.length / 2));
      waiting.add(response);
      response.once("close", () => waiting.delete(response));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const base = `http://127.0.0.1:${address.port}`;
  return {
    catalogue: [
      { name: SLOW_FILE, url: `${base}/tiny.gguf`, size_bytes: file.length, license: "MIT", sha256: createHash("sha256").update(file).digest("hex"), description: "Comes in two halves" },
      { name: MISSING_FILE, url: `${base}/missing.gguf`, size_bytes: 1000, license: "MIT", sha256: "0".repeat(64), description: "Is not there" },
    ],
    release: () => {
      released = true;
      for (const response of waiting) response.end(file.subarray(file.length / 2));
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A GGUF file with one tensor. It says everything that a list of models wants to know, and can write nothing. */
function tinyModel(): Buffer {
  const text = (value: string) => Buffer.concat([number(BigInt(value.length)), Buffer.from(value)]);
  const number = (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    return bytes;
  };
  const word = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const elements = BigInt(SIZE_BYTES / 4);
  const header = Buffer.concat([
    ...[Buffer.from("GGUF"), word(3), number(1n), number(2n)],
    ...[text("general.architecture"), word(8), text("llama")],
    ...[text("llama.context_length"), word(4), word(2048)],
    ...[text("weight"), word(1), number(elements), word(0), number(0n)],
  ]);
  return Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32), Buffer.alloc(SIZE_BYTES, 1)]);
}
