/** How well a text fits what was typed; null: not at all. Higher is better. */
export function score(query: string, text: string): number | null {
  const words = fold(query).split(/\s+/).filter(Boolean);
  const target = fold(text);
  let total = 0;
  for (const word of words) {
    const each = scoreWord(word, target);
    if (each === null) return null;
    total += each;
  }
  // Of two that fit alike, the shorter is more likely the one that is meant.
  return total - Math.min(target.length, 200) / 1000;
}

const MARKS = /\p{M}/gu;

/** Without case and accents: what people type to find something seldom has them. */
function fold(text: string): string {
  return text.normalize("NFD").replace(MARKS, "").toLowerCase();
}

const isStart = (text: string, at: number) => at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? "");

function scoreWord(word: string, text: string): number | null {
  if (text === word) return 120;
  const whole = text.indexOf(word);
  if (whole === 0) return 100;
  for (let at = whole; at !== -1; at = text.indexOf(word, at + 1)) if (isStart(text, at)) return 80;
  if (whole !== -1) return 50;
  return scoreLetters(word, text);
}

/** The letters in their order with others between them; good where they begin words or follow each other. */
function scoreLetters(word: string, text: string): number | null {
  if (word.length < 2) return null;
  let points = 0;
  let last = -2;
  let first = -1;
  for (const letter of word) {
    const at = bestPlace(letter, text, last + 1);
    if (at === -1) return null;
    if (first === -1) first = at;
    if (at === last + 1) points += 3;
    else if (isStart(text, at)) points += 2;
    last = at;
  }
  // Letters strewn all over a text are there by chance.
  const spread = last - first + 1;
  if (points < word.length && spread > word.length * 3) return null;
  return Math.min(40, (points * 10) / word.length + 10) - spread / 100;
}

/** The next place of a letter: where a word begins with it if that is near, or else the first. */
function bestPlace(letter: string, text: string, from: number): number {
  const first = text.indexOf(letter, Math.max(0, from));
  if (first === -1 || first === from) return first;
  for (let at = first; at !== -1 && at < first + 30; at = text.indexOf(letter, at + 1)) if (isStart(text, at)) return at;
  return first;
}

export interface Ranked {
  id: string;
  label: string;
  /** Also found by these words, which are not shown as its name. */
  words?: string;
}

/** Those that fit, the best first; `recent` ids, the last used first, before equals, and alone before any typing. */
export function rank<Item extends Ranked>(items: readonly Item[], query: string, recent: readonly string[]): Item[] {
  const place = new Map(recent.map((id, index) => [id, recent.length - index]));
  const found: { item: Item; points: number }[] = [];
  for (const item of items) {
    const own = score(query, item.label);
    const other = item.words === undefined ? null : score(query, item.words);
    if (own === null && other === null) continue;
    const points = Math.max(own ?? -1, (other ?? 0) - 15);
    found.push({ item, points: points + (place.get(item.id) ?? 0) * (query.trim() === "" ? 100 : 1) });
  }
  return found.sort((one, other) => other.points - one.points).map((each) => each.item);
}
