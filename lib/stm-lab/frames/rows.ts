import type { DataFrame } from 'danfojs-node';

/** A value of a table; null, undefined and NaN are missing. */
export type TableValue = string | number | boolean | null | undefined;

/** A record of a table: column name to value. */
export type TableRow = Readonly<Record<string, TableValue>>;

/** The rows of a data frame. */
export function fromDataFrame(frame: DataFrame): TableRow[] {
  const columns = frame.columns;
  return (frame.values as TableValue[][]).map((cells) =>
    Object.fromEntries(columns.map((name, i) => [name, cells[i]])),
  );
}

/** Whether something is a data frame, of whichever copy of danfojs. */
export function isDataFrame(value: unknown): value is DataFrame {
  return typeof value === 'object' && value !== null && 'columns' in value && 'groupby' in value;
}
