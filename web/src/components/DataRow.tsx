import { memo, type ReactNode } from "react";
import { VisuallyHidden } from "./VisuallyHidden";

export interface Column<Row> {
  id: string;
  label: string;
  render: (row: Row) => ReactNode;
  /** What to sort by; without it the column cannot be sorted. */
  sortBy?: (row: Row) => string | number;
  /** Numbers are read at their end. */
  numeric?: boolean;
  /** What an exported file says; without it the column is left out there. */
  csv?: (row: Row) => string | number;
  width?: number | string;
  /** What is not to be broken into lines: a day, a short name. */
  whole?: boolean;
}

/** What a row is about stays in view while the rest is scrolled sideways. */
export const PINNED = { position: "sticky", insetInlineStart: 0, zIndex: 1, bgcolor: "background.paper" } as const;

const CELL_PADDING = "6px 12px";
const LINE = "1px solid color-mix(in srgb, var(--mui-palette-divider) 70%, transparent)";

/** How all rows of a table look. Said once for the table: a style of its own for each cell costs frames while scrolling. */
export function rowStyles(height: number) {
  return {
    "& thead th": { padding: CELL_PADDING, borderBottom: LINE },
    "& thead tr > :first-child, & tr.row > :first-child": { paddingInlineStart: "16px" },
    "& tr.row": { height },
    "& tr.row > :is(th, td)": {
      padding: CELL_PADDING,
      borderBottom: LINE,
      textAlign: "start",
      fontSize: "0.875rem",
      lineHeight: 1.43,
      fontWeight: 400,
      fontVariantNumeric: "tabular-nums",
      overflowWrap: "break-word",
      minWidth: { xs: "6.5rem", md: 0 },
      maxWidth: "24rem",
    },
    "& tr.row:last-of-type > :is(th, td)": { borderBottom: 0 },
    "& tr.row > td.numeric": { textAlign: "end", whiteSpace: "nowrap" },
    "& tr.row > td.whole, & tr.row code": { whiteSpace: "nowrap" },
    "& tr.row > th": { ...PINNED, fontWeight: 550 },
    "& tr.row.opens:hover > :is(th, td)": { bgcolor: "color-mix(in srgb, var(--mui-palette-text-primary) 4%, var(--mui-palette-background-paper))" },
    "& tr.row > th > button": {
      font: "inherit",
      color: "primary.main",
      background: "none",
      border: 0,
      p: 0,
      minHeight: 24,
      textAlign: "start",
      cursor: "pointer",
      textDecoration: "underline",
      textDecorationColor: "transparent",
      textUnderlineOffset: "0.18em",
    },
    "& tr.row > th > button:hover": { textDecorationColor: "currentColor" },
  } as const;
}

interface DataRowProps<Row> {
  row: Row;
  columns: Column<Row>[];
  /** Its place in the whole table, from 1; the head is the first. */
  rowIndex: number;
  onOpen: ((row: Row) => void) | undefined;
  openLabel: ((row: Row) => string) | undefined;
}

function Drawn<Row>({ row, columns, rowIndex, onOpen, openLabel }: DataRowProps<Row>) {
  return (
    <tr className={onOpen ? "row opens" : "row"} aria-rowindex={rowIndex}>
      {columns.map((column, position) => {
        const style = column.width === undefined ? undefined : { minWidth: column.width };
        if (position > 0) {
          return (
            <td key={column.id} className={column.numeric ? "numeric" : column.whole ? "whole" : undefined} style={style}>
              {column.render(row)}
            </td>
          );
        }
        return (
          <th key={column.id} scope="row" style={style}>
            {onOpen === undefined ? (
              column.render(row)
            ) : (
              <button type="button" onClick={() => onOpen(row)}>
                {column.render(row)}
                {openLabel && <VisuallyHidden>{openLabel(row)}</VisuallyHidden>}
              </button>
            )}
          </th>
        );
      })}
    </tr>
  );
}

/** One row. While others come into view it is not drawn again. */
export const DataRow = memo(Drawn) as typeof Drawn;

/** Keeps the place of rows that are not drawn. */
export function SpacerRow({ height, columns }: { height: number; columns: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}
