const DEFINITION = /^ {0,3}\[[^\]\n^][^\]\n]{0,98}\]: *<?(?:https?:\/\/|mailto:)[^\s>]{1,500}>?[^\n]{0,200}$/gim;
const MOST_CHARACTERS = 4000;

/** The addresses that a text names for its links, to be read with every block that uses one. Empty: there are none. */
export function definitionsIn(text: string): string {
  if (!text.includes("]:")) return "";
  const found = text.match(DEFINITION)?.join("\n") ?? "";
  return found === "" || found.length > MOST_CHARACTERS ? "" : `\n\n${found}`;
}

/** Whether a block may name a link by its definition. */
export function usesDefinitions(block: string): boolean {
  return /\]\[|\[[^\]\n]+\](?![(:])/.test(block);
}
