import { describe, expect, it } from "vitest";
import { formatsOf } from "./formats";
import { preferredLocale, regional } from "./locale";

describe("regional", () => {
  it("writes as the browser's user does, in the language that is shown", () => {
    expect(regional("en", ["de-AT", "en-GB", "en"])).toBe("en-GB");
    expect(regional("de", ["de-AT", "en-GB"])).toBe("de-AT");
    expect(regional("ar", ["de-AT"])).toBe("ar");
    expect(regional("en", [])).toBe("en");
  });

  it("decides how days are written", () => {
    const noon = Date.UTC(2026, 10, 23, 12) / 1000;
    expect(formatsOf(regional("en", ["en-GB"])).day(noon)).toBe("23 Nov 2026");
    expect(formatsOf(regional("en", ["en-US"])).day(noon)).toBe("Nov 23, 2026");
  });
});

describe("preferredLocale", () => {
  it("is the stored one, or the first of the browser's that there is", () => {
    expect(preferredLocale("ar", ["de"])).toBe("ar");
    expect(preferredLocale(null, ["fr-CA", "DE-ch", "en"])).toBe("de");
    expect(preferredLocale("klingon", ["fr"])).toBe("en");
  });
});
