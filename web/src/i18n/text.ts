/** One text of the interface: plain, or one for each plural form that the language has, chosen by `count`. */
export type Message = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
export type Values = Record<string, string | number>;

/** Making one of these takes longer than anything that is done with it. */
const plurals = new Map<string, Intl.PluralRules>();
const numbers = new Map<string, Intl.NumberFormat>();

function kept<Made>(made: Map<string, Made>, locale: string, make: (locale: string) => Made): Made {
  const present = made.get(locale) ?? make(locale);
  made.set(locale, present);
  return present;
}

/** The text with its `{names}` filled in. Values are only ever text: whatever they hold is shown as it is. */
export function fill(message: Message, values: Values, locale: string): string {
  let text: string;
  if (typeof message === "string") {
    text = message;
  } else {
    const form = kept(plurals, locale, (each) => new Intl.PluralRules(each)).select(Number(values.count ?? 0));
    text = message[form] ?? message.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? kept(numbers, locale, (each) => new Intl.NumberFormat(each)).format(value) : value;
  });
}

/** The names in braces that a text expects. */
export function placeholders(message: Message): string[] {
  const texts = typeof message === "string" ? [message] : Object.values(message);
  const names = texts.flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""));
  return [...new Set(names)].sort();
}
