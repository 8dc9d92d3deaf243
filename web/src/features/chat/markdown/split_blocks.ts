const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const LIST_ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const MATH_FENCE = /^ {0,3}(?:\$\$|\\\[)/;
const MATH_END = /(?:\$\$|\\\])\s*$/;

export interface Blocks {
  text: string;
  /** Pieces that can each be read by themselves; together they are the text. */
  blocks: string[];
  /** Where the last one begins. */
  lastAt: number;
}

/**
 * Cuts Markdown into blocks that stand for themselves, so that only the last one of a growing text has to be read
 * again. `before` is the result for an earlier state of the same text: what it has closed stays closed.
 */
export function splitBlocks(text: string, before?: Blocks): Blocks {
  if (before === undefined || !text.startsWith(before.text)) return cut(text, [], 0);
  if (before.text === text) return before;
  return cut(text, before.blocks.slice(0, -1), before.lastAt);
}

function cut(text: string, blocks: string[], from: number): Blocks {
  let begin = from;
  let at = from;
  let fence: string | null = null;
  let math = false;
  let blank = false;
  let list = false;
  while (at < text.length) {
    const newline = text.indexOf("\n", at);
    // A line that is still being written decides nothing: more of it may make it part of what is before.
    if (newline === -1 && at !== begin) break;
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(at, Math.min(end, at + 400));
    if (fence !== null) {
      if (closes(line, fence)) fence = null;
      blank = false;
    } else if (math) {
      if (MATH_END.test(text.slice(at, end))) math = false;
    } else if (line.trim() === "") {
      blank = true;
    } else {
      if (blank && at > begin && startsNew(line, list)) {
        blocks.push(text.slice(begin, at));
        begin = at;
        list = false;
      }
      blank = false;
      list ||= LIST_ITEM.test(line);
      const opening = FENCE.exec(line.trimStart().startsWith("`") || line.trimStart().startsWith("~") ? line : "");
      if (opening !== null && !(opening[1]?.startsWith("`") && opening[2]?.includes("`"))) {
        if (at > begin && !list) {
          blocks.push(text.slice(begin, at));
          begin = at;
        }
        fence = opening[1] ?? null;
      } else if (MATH_FENCE.test(line)) {
        const rest = text.slice(at, end).trim().slice(2);
        math = !MATH_END.test(rest);
      }
    }
    at = end + 1;
    if (fence === null && FENCE.test(line) && !list && begin < at && isFenced(text.slice(begin, end))) {
      blocks.push(text.slice(begin, Math.min(at, text.length)));
      begin = Math.min(at, text.length);
    }
  }
  blocks.push(text.slice(begin));
  return { text, blocks, lastAt: begin };
}

function closes(line: string, fence: string): boolean {
  const found = /^ {0,12}(`{3,}|~{3,})\s*$/.exec(line);
  return found?.[1] !== undefined && found[1][0] === fence[0] && found[1].length >= fence.length;
}

/** Whether a line after an empty one begins a new block: it is not part of a list or of something indented. */
function startsNew(line: string, list: boolean): boolean {
  if (/^[ \t]/.test(line)) return false;
  return !(list && LIST_ITEM.test(line));
}

function isFenced(block: string): boolean {
  return FENCE.test(block.slice(0, 400).split("\n", 1)[0] ?? "") && block.includes("\n");
}

/** Whether a block is a code block that has not been closed yet. */
export function isOpenFence(block: string): boolean {
  const lines = block.trimEnd().split("\n");
  const opening = FENCE.exec(lines[0] ?? "");
  return opening !== null && (lines.length < 2 || !closes(lines.at(-1) ?? "", opening[1] ?? "```"));
}
