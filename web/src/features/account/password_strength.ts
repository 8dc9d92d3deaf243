export const LEAST_CHARACTERS = 10;
const GOOD_CHARACTERS = 14;
const STRONG_CHARACTERS = 20;
const FEWEST_DIFFERENT = 4;

export type Strength = "short" | "fair" | "good" | "strong";

/** How hard a password is to guess, by its length. Few different characters make a long one no better. */
export function strengthOf(password: string): Strength {
  const characters = [...password];
  if (characters.length < LEAST_CHARACTERS || new Set(characters).size < FEWEST_DIFFERENT) return "short";
  if (new Set(characters).size < characters.length / 3) return "fair";
  if (characters.length >= STRONG_CHARACTERS) return "strong";
  return characters.length >= GOOD_CHARACTERS ? "good" : "fair";
}
