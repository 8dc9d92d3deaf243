export type Cells = string[][];

/** For spreadsheets, after RFC 4180. What such programs would take for a formula is marked as text. */
export function asCsv(rows: Cells): string {
  return rows.map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

function field(cell: string): string {
  const plain = /^[=+@\t\r]|^-(?![\d.,]+$)/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(plain) ? `"${plain.replace(/"/g, '""')}"` : plain;
}

export function asMarkdown(rows: Cells): string {
  const [head = [], ...body] = rows;
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replace(/\|/g, "\\|").replace(/\n/g, " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n") + "\n";
}

/** The texts of a table that is on the page. */
export function cellsOf(table: HTMLTableElement): Cells {
  return Array.from(table.rows, (row) => Array.from(row.cells, (cell) => cell.textContent.trim()));
}
