import { inputError } from 'research-basics/errors';
import type { CorpusLayout, CorpusRule } from './description';

/** What the templates of one recording may name. */
export type Values = Readonly<Record<string, string>>;

const FORMS: Readonly<Record<string, (text: string) => string>> = {
  // The last part of a path without its ending.
  stem: (text) => bare(text).replace(/^.*\//, ''),
  // A path without its ending.
  bare,
  // Letters and digits alone, so that spellings meet that differ in marks and punctuation.
  plain: (text) =>
    bare(text)
      .normalize('NFKD')
      .replaceAll(/\p{M}+/gu, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}/]+/gu, '_'),
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
};

const PLACE = /\{(\w+)(?::(stem|bare|plain|lower|upper))?\}/g;

function bare(text: string): string {
  return text
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '')
    .replace(/\.[^./]*$/, '');
}

/**
 * Replaces `{name}` by its value, `{name:form}` by the value in one of the forms of `CorpusRule`.
 *
 * @throws UserError (`input`) for a name that has no value.
 */
export function fill(template: string, values: Values): string {
  return template.replaceAll(PLACE, (_, name: string, form: string | undefined) => {
    const value = values[name];
    if (value === undefined)
      throw inputError(`the layout asks for "${name}", which neither path nor table gives`);
    return form === undefined ? value : FORMS[form]!(value);
  });
}

/** Fills a template, or chooses by one; values and patterns are compared whatever their case. */
export function resolve(rule: CorpusRule, values: Values): string {
  if (typeof rule === 'string') return fill(rule, values);
  const value = fill(rule.by, values);
  if ('map' in rule) {
    if (Object.hasOwn(rule.map, value)) return rule.map[value]!;
    const folded = value.toLowerCase();
    return Object.entries(rule.map).find(([key]) => key.toLowerCase() === folded)?.[1] ?? rule.else;
  }
  for (const [pattern, choice] of Object.entries(rule.match))
    if (new RegExp(pattern, 'iu').test(value)) return choice;
  return rule.else;
}

/** Names that the templates of a layout use: with those of `leave_out`, the only columns of its table worth keeping. */
export function namesIn(layout: CorpusLayout): Set<string> {
  const { label, group, language, start, table, published, columns = {} } = layout;
  const rules = [
    ...[label, group, language, start, table?.path, published?.label, published?.group],
    ...(table?.keys ?? []),
    ...Object.values(columns).filter(
      (rule): rule is CorpusRule => typeof rule === 'string' || (typeof rule === 'object' && 'by' in rule),
    ),
  ];
  const templates = rules.map((rule) => (typeof rule === 'object' ? rule.by : (rule ?? '')));
  return new Set([...templates.join('\n').matchAll(PLACE)].map((match) => match[1]!));
}
