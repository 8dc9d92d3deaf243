const ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const GROUP_LENGTH = 5;

/** A password to hand over once, about 98 bits, without characters that look alike: `k3m9p-…`. */
export function generatedPassword(): string {
  const groups: string[] = [];
  for (let group = 0; group < GROUPS; group += 1) {
    let text = "";
    while (text.length < GROUP_LENGTH) {
      const byte = crypto.getRandomValues(new Uint8Array(1))[0] ?? 0;
      // Values that would favour the first characters are drawn again.
      if (byte < 256 - (256 % ALPHABET.length)) text += ALPHABET[byte % ALPHABET.length];
    }
    groups.push(text);
  }
  return groups.join("-");
}
