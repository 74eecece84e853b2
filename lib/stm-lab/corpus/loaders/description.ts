import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';

/** A value that is known, or the reason why it is not. */
export type Fact<T> = { readonly value: T } | { readonly value: null; readonly reason: string };

/**
 * What a corpus is, how to obtain it, and how its recordings are labelled and grouped: one file of
 * `data-manifests/`, checked against `schema.json` there.
 */
export interface CorpusDescription {
  readonly id: string;
  readonly name: string;
  readonly used_for: 'paper' | 'sibling';
  readonly domain: 'speech' | 'music' | 'environment';
  readonly licence: Fact<string>;
  readonly citation: Fact<string>;
  readonly identifier: Fact<string>;
  readonly obtain: {
    readonly access: 'download' | 'request' | 'purchase' | 'not-downloadable';
    readonly how: string;
  };
  readonly expected: ExpectedCounts;
  readonly labels: readonly string[];
  readonly label_rule: string;
  readonly group_rule: {
    readonly published: string;
    /** Whether the published rule lets one voice, artist or place into several parts. */
    readonly leaks: 'yes' | 'no' | 'unknown';
    readonly corrected: string | null;
    readonly reason: string;
  };
  readonly tonal_languages: readonly string[];
  readonly start_offset_s: Fact<number>;
  readonly layout: Fact<CorpusLayout>;
  readonly notes: readonly string[];
}

/** How many recordings and groups a complete copy makes. */
export interface ExpectedCounts {
  readonly recordings: Fact<number>;
  /** Of the corrected groups, or of the published ones where the layout gives both. */
  readonly groups: Fact<number>;
  /** Number of different labels. */
  readonly labels?: Fact<number>;
  /**
   * What the numbers count. `copy` (default): what is published, so that any difference is warned of; `paper`: what the
   * paper has features of, so that a copy may hold more and only fewer are warned of.
   */
  readonly of?: 'copy' | 'paper';
}

/** A table of the corpus itself. A template names its columns and the named groups of `file`. */
export interface CorpusTable {
  /** Regular expression over paths below the root. */
  readonly file: string;
  readonly format: 'csv' | 'tsv' | 'json';
  /**
   * Header lines; the cells above each other that are not empty make a column's name, joined with `_`.
   * Default 1.
   */
  readonly header?: number;
  /** Names of the columns of a table without header lines. */
  readonly columns?: readonly string[];
  /** What becomes of cells beyond the header's. Default `refused`. */
  readonly surplus?: 'refused' | 'ignored';
  /** Template of the recording's path, relative to the table's folder: the table lists the recordings. */
  readonly path?: string;
  /** Templates that equal those of the layout's `keys`: the table only describes what `files` finds. */
  readonly keys?: readonly string[];
}

/**
 * A template: `{name}` stands for a value, `{name:form}` for the value in another form: `bare` is a path without its
 * ending, `stem` its last part, `plain` its letters and digits alone, `lower` and `upper` its case. Or a choice by the
 * value of a template, whatever the case: the value itself (`map`), or the first regular expression that finds something
 * in it (`match`).
 */
export type CorpusRule =
  | string
  | { readonly by: string; readonly map: Readonly<Record<string, string>>; readonly else: string }
  | { readonly by: string; readonly match: Readonly<Record<string, string>>; readonly else: string };

/** Recordings that are left out by what a table says of them, on one line or several. */
export interface LeaveOutRule {
  /** Regular expression over the names of columns. */
  readonly columns: string;
  /** What each text counts; any other text counts as not stated. */
  readonly values: Readonly<Record<string, number>>;
  /** A recording is left out where one of the columns has a mean of at least this. */
  readonly from: number;
  /** Why, in words that follow "left out, since ". */
  readonly because: string;
}

/** A column whose value is given by text files that list recordings, one path per line. */
export interface ListedColumn {
  /** By value: regular expression over paths below the root. Paths in a list are relative to its folder. */
  readonly lists: Readonly<Record<string, string>>;
  /** Value of recordings in no list. */
  readonly else: string;
}

/**
 * How recordings are found in a local copy: a pattern over paths (`files`), a table that lists them
 * (`table.path`), or a pattern together with a table that describes what it finds (`keys`, `table.keys`).
 */
export interface CorpusLayout {
  /**
   * Regular expression over paths below the root (composed, with `/`, whatever the case); its named groups fill the
   * templates.
   */
  readonly files?: string;
  /**
   * Templates over the named groups of `files`, compared with those of `table.keys` whatever the case. Where the first
   * finds no record, the next is compared with the records that are left, and so on.
   */
  readonly keys?: readonly string[];
  readonly table?: CorpusTable;
  readonly leave_out?: LeaveOutRule;
  /** A text file beside each recording, with this ending; its words fill the template `{beside}`. */
  readonly beside?: string;
  readonly label: CorpusRule;
  /** Template. */
  readonly group: string;
  readonly language?: CorpusRule;
  /** Seconds skipped at the beginning of a recording, where that is not the same for all. */
  readonly start?: CorpusRule;
  /** What the paper did where the rules above correct it. */
  readonly published?: { readonly label?: CorpusRule; readonly group?: string };
  /**
   * Further columns of the manifest: the same number for every recording (e.g. how headerless PCM is read), a rule, or
   * lists of recordings (the official parts).
   */
  readonly columns?: Readonly<Record<string, number | CorpusRule | ListedColumn>>;
}

/**
 * Reads the description of one corpus.
 *
 * @throws UserError (`input`) for an unknown corpus, naming the known ones.
 */
export function readCorpusDescription(folder: string, id: string): CorpusDescription {
  const file = path.join(folder, `${id}.json`);
  if (!fs.existsSync(file))
    throw inputError(`there is no corpus "${id}" in ${folder}; known: ${listCorpora(folder).join(', ')}`);
  return readJson<CorpusDescription>(file);
}

/** Names of all corpora described in a folder, sorted. */
export function listCorpora(folder: string): string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.json') && name !== 'schema.json')
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}
