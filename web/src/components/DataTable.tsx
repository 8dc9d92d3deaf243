import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Table from "@mui/material/Table";
import TableCell from "@mui/material/TableCell";
import TableHead from "@mui/material/TableHead";
import TableRow from "@mui/material/TableRow";
import TableSortLabel from "@mui/material/TableSortLabel";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useMemo, useState } from "react";
import { useText } from "@/i18n/locale";
import { csvTable } from "@/lib/csv";
import { downloadText } from "@/lib/download";
import { type Column, DataRow, PINNED, rowStyles, SpacerRow } from "./DataRow";

export type { Column } from "./DataRow";

interface DataTableProps<Row> {
  /** What the table shows, for screen readers. */
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** Shown instead of rows when there are none. */
  empty: ReactNode;
  onOpen?: (row: Row) => void;
  /** Name of the button that opens a row, for screen readers. */
  openLabel?: (row: Row) => string;
  /** Below the last row, for example a button that loads more. */
  foot?: ReactNode;
  /** Only as many rows as fit are drawn; needs a height. */
  maxHeight?: string;
  /** Name of the file, without its ending, that the loaded rows can be saved as. Without it there is no such button. */
  exportName?: string;
}

const ROW_PX = 49;
const MOST_DRAWN = 120;
const ROWS = rowStyles(ROW_PX);

/** A real table. Long ones draw only the rows in view, so that ten thousand scroll as smoothly as ten. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, empty, foot, maxHeight = "70vh" } = props;
  const [order, setOrder] = useState<Order | null>(null);
  const rows = useMemo(() => sorted(props.rows, columns, order), [props.rows, columns, order]);
  // Known to the rows only once it is on the page, which is after they are.
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  if (rows.length === 0) return <Empty>{empty}</Empty>;
  const table = (
    <Box
      ref={setScroller}
      role="group"
      aria-label={label}
      tabIndex={0}
      sx={{ border: 1, borderColor: "divider", borderRadius: 1.5, overflow: "auto", maxHeight, bgcolor: "background.paper" }}
    >
      <Table stickyHeader size="small" sx={ROWS} aria-label={label} aria-rowcount={rows.length + 1}>
        <Head columns={columns as Column<never>[]} order={order} onOrder={setOrder} />
        <Body {...props} rows={rows} scroller={scroller} />
      </Table>
      {foot && <Box sx={{ p: 1, textAlign: "center", position: "sticky", insetInlineStart: 0 }}>{foot}</Box>}
    </Box>
  );
  if (props.exportName === undefined) return table;
  return (
    <>
      {table}
      <ExportButton name={props.exportName} columns={columns} rows={rows} />
    </>
  );
}

/** The rows that are in view. Whatever is around them is not drawn again while they are scrolled. */
function Body<Row>({ rows, columns, keyOf, onOpen, openLabel, scroller }: DataTableProps<Row> & { scroller: HTMLDivElement | null }) {
  const virtual = rows.length > MOST_DRAWN;
  const virtualizer = useVirtualizer({
    count: virtual ? rows.length : 0,
    getScrollElement: () => scroller,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const drawn = virtual ? items.flatMap(({ index }) => rows[index] ?? []) : rows;
  const firstIndex = items[0]?.index ?? 0;
  return (
    <tbody>
      {before > 0 && <SpacerRow height={before} columns={columns.length} />}
      {drawn.map((row, index) => (
        <DataRow key={keyOf(row)} row={row} columns={columns} rowIndex={firstIndex + index + 2} onOpen={onOpen} openLabel={openLabel} />
      ))}
      {after > 0 && <SpacerRow height={after} columns={columns.length} />}
    </tbody>
  );
}

interface Order {
  id: string;
  descending: boolean;
}

interface HeadProps {
  columns: Column<never>[];
  order: Order | null;
  onOrder: (order: Order | null) => void;
}

const Head = memo(function Head({ columns, order, onOrder }: HeadProps) {
  return (
    <TableHead>
      <TableRow>
        {columns.map((column) => (
          <TableCell
            key={column.id}
            align={column.numeric ? "right" : "left"}
            sx={{ width: column.width, minWidth: column.width, whiteSpace: "nowrap", bgcolor: "background.paper", ...(column === columns[0] && { ...PINNED, zIndex: 3 }) }}
            sortDirection={order?.id === column.id ? (order.descending ? "desc" : "asc") : false}
          >
            {column.sortBy ? (
              <TableSortLabel
                active={order?.id === column.id}
                direction={order?.id === column.id && order.descending ? "desc" : "asc"}
                onClick={() => onOrder(nextOrder(order, column.id))}
              >
                {column.label}
              </TableSortLabel>
            ) : (
              column.label
            )}
          </TableCell>
        ))}
      </TableRow>
    </TableHead>
  );
});

function ExportButton<Row>({ name, columns, rows }: { name: string; columns: Column<Row>[]; rows: readonly Row[] }) {
  const text = useText();
  const save = () => {
    const named = columns.flatMap(({ label, csv }) => (csv === undefined ? [] : [{ label, csv }]));
    downloadText(`${name}.csv`, "text/csv", csvTable(named.map(({ label }) => label), rows.map((row) => named.map(({ csv }) => csv(row)))));
  };
  return (
    <Box sx={{ mt: 1, textAlign: "end" }}>
      <Button size="small" color="inherit" onClick={save}>
        {text("exportRows", { count: rows.length })}
      </Button>
    </Box>
  );
}

/** Said where there is nothing to show yet. */
export function Empty({ children }: { children: ReactNode }) {
  return (
    <Box
      sx={{ p: 4, textAlign: "center", color: "text.secondary", border: 1, borderStyle: "dashed", borderColor: "divider", borderRadius: 1.5 }}
    >
      {children}
    </Box>
  );
}

function nextOrder(order: Order | null, id: string) {
  if (order?.id !== id) return { id, descending: false };
  return order.descending ? null : { id, descending: true };
}

function sorted<Row>(rows: readonly Row[], columns: Column<Row>[], order: Order | null) {
  const sortBy = columns.find((column) => column.id === order?.id)?.sortBy;
  if (sortBy === undefined || order === null) return rows;
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [left, right] = [sortBy(one), sortBy(other)];
    if (typeof left === "string" && typeof right === "string") return sign * left.localeCompare(right);
    return sign * (Number(left) - Number(right));
  });
}
