/** A longer block is shown as it is: reading it as Markdown would hold up the page. */
const MOST_CHARACTERS = 24_000;
const MOST_NESTING = 24;
const MOST_MARKS_IN_A_ROW = 60;
const MOST_COLUMNS = 100;
const RUN_OF_MARKS = new RegExp(`(?:[>*_~\`\\[\\]()!#|$<-]\\s?){${MOST_MARKS_IN_A_ROW},}`);

/** Whether a block is small and flat enough to be read as Markdown in bounded time. Code blocks may be longer. */
export function isReadable(block: string): boolean {
  if (block.length > MOST_CHARACTERS && !/^ {0,3}(`{3,}|~{3,})/.test(block)) return false;
  if (block.length > 20 * MOST_CHARACTERS) return false;
  return !isIntricate(block);
}

function isIntricate(block: string): boolean {
  if (/^ {0,3}(`{3,}|~{3,})/.test(block)) return false;
  if (RUN_OF_MARKS.test(block.replace(/^[\s|:-]+$/gm, ""))) return true;
  for (const line of block.split("\n")) {
    if (line.length > MOST_COLUMNS && line.split("|", MOST_COLUMNS + 2).length > MOST_COLUMNS + 1) return true;
    const lead = /^(?:[ \t]*(?:>|[-*+]\s|\d{1,9}[.)]\s))*/.exec(line.slice(0, 2000))?.[0] ?? "";
    if (lead.replace(/[\s\d]/g, "").length > MOST_NESTING) return true;
  }
  return false;
}
