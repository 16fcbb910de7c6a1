/** On which side of its column a cell stands. */
export type Side = "left" | "right";

/**
 * Lays rows out in columns as wide as their widest cell, two spaces apart.
 *
 * @param sides of the columns; by default the first and the last begin at their left edge, and figures end at their right one
 * @returns a line for each row
 */
export function layOutTable(
  rows: readonly (readonly string[])[],
  sides: readonly Side[] = figuresRight(rows),
): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
  return rows.map((cells) =>
    cells
      .map((cell, i) => (sides[i] === "right" ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

function figuresRight(rows: readonly (readonly string[])[]): Side[] {
  const head = rows[0] ?? [];
  return head.map((_, i) => (i === 0 || i === head.length - 1 ? "left" : "right"));
}
