import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { NumberField } from "./NumberField";

function show(value: number | null, onChange = vi.fn()) {
  const { unmount } = render(
    <NumberField name="temperature" label="parameterTemperature" help="parameterTemperatureHelp" value={value} normal={0.7} onChange={onChange} />,
  );
  return { onChange, unmount, field: screen.getByRole("textbox", { name: "Temperature" }) };
}

it("takes a number when the field is left, and keeps one that is out of range to be mended", async () => {
  const { field, onChange } = show(null);
  await userEvent.type(field, "3");
  await userEvent.tab();
  expect(onChange).not.toHaveBeenCalled();
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByText("A number from 0 to 2")).toBeTruthy();
  await userEvent.clear(field);
  await userEvent.type(field, "0,3{Enter}");
  expect(onChange).toHaveBeenCalledExactlyOnceWith(0.3);
});

it("takes what was typed also when the panel is closed, but nothing that is out of range", async () => {
  const good = show(null);
  await userEvent.type(good.field, "1.5");
  good.unmount();
  expect(good.onChange).toHaveBeenCalledExactlyOnceWith(1.5);
  const bad = show(null);
  await userEvent.type(bad.field, "15");
  bad.unmount();
  expect(bad.onChange).not.toHaveBeenCalled();
});

it("shows the model's default and leads back to it", async () => {
  const { field, onChange } = show(1.2);
  expect(field.getAttribute("placeholder")).toBe("0.7");
  expect(screen.getByText("Default of this model: 0.7")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Back to the default: Temperature" }));
  expect(onChange).toHaveBeenLastCalledWith(null);
});
