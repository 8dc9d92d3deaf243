const made = new Map<string, Formats>();

export type Formats = ReturnType<typeof makeFormats>;

/** Numbers, times and sizes as people of one language write them. Times are Unix seconds. Made once for each language. */
export function formatsOf(locale: string): Formats {
  const present = made.get(locale) ?? makeFormats(locale);
  made.set(locale, present);
  return present;
}

function makeFormats(locale: string) {
  const whole = new Intl.NumberFormat(locale);
  const one = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const two = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
  const precise = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const share = new Intl.NumberFormat(locale, { style: "percent" });
  const unit = (name: string, digits: number) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits });
  const sizes = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"].map((name) => unit(name, 1));
  const milliseconds = unit("millisecond", 0);
  const seconds = unit("second", 1);
  return {
    number: (value: number) => whole.format(value),
    decimal: (value: number) => one.format(value),
    fine: (value: number) => two.format(value),
    /** A share of 1. */
    percent: (value: number) => share.format(value),
    moment: (at: number) => moment.format(at * 1000),
    time: (at: number) => time.format(at * 1000),
    precise: (at: number) => precise.format(at * 1000),
    day: (at: number) => day.format(at * 1000),
    duration: (ms: number) => (ms < 1000 ? milliseconds.format(ms) : seconds.format(ms / 1000)),
    size(bytes: number) {
      const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), sizes.length - 1);
      return sizes[step]?.format(bytes / 1000 ** step) ?? String(bytes);
    },
    ago(at: number, now = Date.now() / 1000) {
      const distance = at - now;
      const steps: [Intl.RelativeTimeFormatUnit, number][] = [
        ["day", 86_400],
        ["hour", 3_600],
        ["minute", 60],
      ];
      for (const [name, length] of steps) {
        if (Math.abs(distance) >= length) return relative.format(Math.round(distance / length), name);
      }
      return relative.format(Math.round(distance), "second");
    },
  };
}
