/** A measured number in a table, with where it was measured. */
export interface ReportNumber {
  readonly value: number;
  /** Interval of the value; both or none. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Run and metric that hold it, so that a reader can look it up. */
  readonly run?: string | undefined;
  readonly metric?: string | undefined;
}

/** Text, a number, or nothing. */
export type ReportCell = string | ReportNumber | undefined;

/** A column of a table. */
export interface ReportColumn {
  /** Entry of the rows. */
  readonly key: string;
  readonly title: string;
  /** Digits after the point. Default 3. */
  readonly decimals?: number | undefined;
  /** Which end is best and printed in bold. Default none. */
  readonly best?: 'highest' | 'lowest' | undefined;
}

/** Where the content of a table or figure comes from; printed in its caption. */
export interface ReportSource {
  /** Tracked runs, by id. */
  readonly runs: readonly string[];
  /** The command that made them. */
  readonly command?: string | undefined;
}

/** A table. */
export interface ReportTable {
  /** A short name of its own, of letters, digits and hyphens. */
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly Readonly<Record<string, ReportCell>>[];
  /** Rows, counted from 0, that cannot be compared with the others: none of their values is printed as best. Default none. */
  readonly incomparable?: readonly number[] | undefined;
  readonly source: ReportSource;
}

/** A figure, drawn. */
export interface ReportFigure {
  readonly id: string;
  readonly caption: string;
  /** Complete SVG text. */
  readonly svg: string;
  readonly source: ReportSource;
}

/** A part of a report. */
export interface ReportSection {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly tables: readonly ReportTable[];
  readonly figures: readonly ReportFigure[];
}

/** A report, independent of how it is written down. */
export interface ReportDocument {
  readonly title: string;
  /** One sentence under the title. */
  readonly subtitle: string;
  /** Sentences under it: what was found, from which runs, with which caveats. Default none. */
  readonly summary?: readonly string[] | undefined;
  readonly sections: readonly ReportSection[];
}
