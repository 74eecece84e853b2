import { inputError } from '../../base/errors';
import type { CorpusLayout, CorpusRule } from './description';

/** What the templates of one recording may name. */
export type Values = Readonly<Record<string, string>>;

const PLACE = /\{(\w+)(?::(stem))?\}/g;

/** Replaces `{name}` by its value, `{name:stem}` by the last part of a path without its ending. */
export function fill(template: string, values: Values): string {
  return template.replaceAll(PLACE, (_, name: string, form: string | undefined) => {
    const value = values[name];
    if (value === undefined)
      throw inputError(`the layout asks for "${name}", which neither path nor table gives`);
    return form === undefined ? value : value.replace(/^.*\//, '').replace(/\.[^.]*$/, '');
  });
}

/** Fills a template, or chooses by one. */
export function resolve(rule: CorpusRule, values: Values): string {
  if (typeof rule === 'string') return fill(rule, values);
  const value = fill(rule.by, values);
  if ('map' in rule) return Object.hasOwn(rule.map, value) ? rule.map[value]! : rule.else;
  for (const [pattern, choice] of Object.entries(rule.match))
    if (new RegExp(pattern, 'iu').test(value)) return choice;
  return rule.else;
}

/** Names that the templates of a layout use: the only columns of its table worth keeping. */
export function namesIn({ label, group, language, table, published }: CorpusLayout): Set<string> {
  const rules = [label, group, language, table?.path, table?.key, published?.label, published?.group];
  const templates = rules.map((rule) => (typeof rule === 'object' ? rule.by : (rule ?? '')));
  return new Set([...templates.join('\n').matchAll(PLACE)].map((match) => match[1]!));
}
