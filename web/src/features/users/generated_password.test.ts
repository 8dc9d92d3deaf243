import { expect, it } from "vitest";
import { generatedPassword } from "./generated_password";

it("makes passwords that differ and that can be read out", () => {
  const made = new Set(Array.from({ length: 50 }, generatedPassword));
  expect(made.size).toBe(50);
  for (const password of made) expect(password).toMatch(/^([a-km-np-z2-9]{5}-){3}[a-km-np-z2-9]{5}$/);
});
