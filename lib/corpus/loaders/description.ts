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
  readonly layout: CorpusLayout | null;
  readonly notes: readonly string[];
}

/** How recordings are found in a local copy: a pattern over paths, or a table that lists them. */
export interface CorpusLayout {
  /** Regular expression over paths below the root (with `/`); its named groups fill the templates. */
  readonly files?: string;
  /** Tables that list recordings; their columns and the pattern's named groups fill the templates. */
  readonly table?: {
    readonly file: string;
    readonly delimiter: ',' | '\t';
    /** Template of the recording's path, relative to the table's folder. */
    readonly path: string;
  };
  /** Template, or a choice by the value of a template. */
  readonly label:
    string | { readonly by: string; readonly map: Readonly<Record<string, string>>; readonly else: string };
  /** Template. */
  readonly group: string;
  /** Template. */
  readonly language?: string;
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
