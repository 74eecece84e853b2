import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from '../../base/errors';
import { readJson } from '../../base/files';

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
  readonly expected: { readonly recordings: Fact<number>; readonly groups: Fact<number> };
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
  /** Template that equals `key` of the layout: the table only describes what `files` finds. */
  readonly key?: string;
}

/**
 * A template: `{name}` stands for a value, `{name:stem}` for the last part of a path without its ending.
 * Or a choice by the value of a template: the value itself (`map`), or the first regular expression that
 * finds something in it, whatever the case (`match`).
 */
export type CorpusRule =
  | string
  | { readonly by: string; readonly map: Readonly<Record<string, string>>; readonly else: string }
  | { readonly by: string; readonly match: Readonly<Record<string, string>>; readonly else: string };

/**
 * How recordings are found in a local copy: a pattern over paths (`files`), a table that lists them
 * (`table.path`), or a pattern together with a table that describes what it finds (`key`, `table.key`).
 */
export interface CorpusLayout {
  /** Regular expression over paths below the root (with `/`); its named groups fill the templates. */
  readonly files?: string;
  /** Template over the named groups of `files`. */
  readonly key?: string;
  readonly table?: CorpusTable;
  /** A text file beside each recording, with this ending; its words fill the template `{beside}`. */
  readonly beside?: string;
  readonly label: CorpusRule;
  /** Template. */
  readonly group: string;
  readonly language?: CorpusRule;
  /** What the paper did where the rules above correct it. */
  readonly published?: { readonly label?: CorpusRule; readonly group?: string };
  /** Further columns of the manifest, the same for every recording, e.g. how headerless PCM is read. */
  readonly columns?: Readonly<Record<string, string | number>>;
}

/** Reads the description of one corpus. */
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
