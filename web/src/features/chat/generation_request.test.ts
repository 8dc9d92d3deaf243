import { expect, it } from "vitest";
import { requestFor } from "./generation_request";

it("asks with everything that is set, and with nothing else", () => {
  expect(requestFor("m", {})).toEqual({ model: "m", messages: [] });
  expect(
    requestFor("m", {
      system_prompt: " Be brief ",
      sampling: { temperature: 0 },
      reasoning_effort: "low",
      response_format: { type: "json_object" },
    }),
  ).toEqual({
    model: "m",
    messages: [{ role: "system", content: "Be brief" }],
    sampling: { temperature: 0 },
    reasoning_effort: "low",
    response_format: { type: "json_object" },
  });
});
