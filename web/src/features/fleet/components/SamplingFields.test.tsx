import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it, vi } from "vitest";
import { SamplingFields } from "./SamplingFields";

type Sampling = Parameters<typeof SamplingFields>[0]["sampling"];

function Held({ first, onChange }: { first: Sampling; onChange: (sampling: Sampling) => void }) {
  const [sampling, setSampling] = useState(first);
  return (
    <SamplingFields
      sampling={sampling}
      onChange={(next) => {
        setSampling(next);
        onChange(next);
      }}
    />
  );
}

it("says how many defaults are set, and shows them when they are wanted", async () => {
  render(<Held first={{ temperature: 0.3, top_k: null, stop: ["END"] }} onChange={vi.fn()} />);
  const opener = screen.getByRole("button", { name: "Default parameters, 2 set" });
  expect(screen.queryByRole("textbox", { name: "Temperature" })).toBeNull();
  await userEvent.click(opener);
  expect(opener.getAttribute("aria-expanded")).toBe("true");
  expect((screen.getByRole("textbox", { name: "Temperature" }) as HTMLInputElement).value).toBe("0.3");
});

it("changes and takes back one default, and leaves the others as they are", async () => {
  const onChange = vi.fn();
  render(<Held first={{ temperature: 0.3 }} onChange={onChange} />);
  await userEvent.click(screen.getByRole("button", { name: "Default parameters, 1 set" }));
  await userEvent.type(screen.getByRole("textbox", { name: "Top K" }), "40{Enter}");
  expect(onChange).toHaveBeenLastCalledWith({ temperature: 0.3, top_k: 40 });
  await userEvent.click(screen.getByRole("button", { name: "Back to the default: Temperature" }));
  expect(onChange).toHaveBeenLastCalledWith({ top_k: 40 });
});
