import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { type Column, DataRow } from "./DataRow";

interface Thing {
  name: string;
  size: number;
}

const THING: Thing = { name: "one", size: 1 };

it("draws a row once, however often those around it change, and again when it changes itself", () => {
  const draw = vi.fn((thing: Thing) => thing.name);
  const columns: Column<Thing>[] = [
    { id: "name", label: "Name", render: draw },
    { id: "size", label: "Size", numeric: true, render: (thing) => thing.size },
  ];
  const table = (thing: Thing) => (
    <table>
      <tbody>
        <DataRow row={thing} columns={columns} rowIndex={2} onOpen={undefined} openLabel={undefined} />
      </tbody>
    </table>
  );
  const { rerender } = render(table(THING));
  rerender(table(THING));
  expect(draw).toHaveBeenCalledTimes(1);
  rerender(table({ ...THING, name: "another" }));
  expect(screen.getByRole("rowheader").textContent).toBe("another");
  expect(screen.getByRole("cell").textContent).toBe("1");
  expect(screen.getByRole("row").getAttribute("aria-rowindex")).toBe("2");
});
