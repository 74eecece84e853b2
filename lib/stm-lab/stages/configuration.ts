import * as fs from 'node:fs';
import * as path from 'node:path';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import { inputError } from 'research-basics/errors';
import { shippedFolder } from './home';

/** Where the configurations of a kind lie: `experiments/` itself, or its folder for a sibling system or the studies. */
export type ConfigurationKind = 'stm' | 'strf' | 'studies' | 'tmnn';

const folderOf = (kind: ConfigurationKind): string =>
  path.join(shippedFolder('experiments'), ...(kind === 'stm' ? [] : [kind]));

/** Names of the configurations of a kind. */
export function configurationNames(kind: ConfigurationKind): string[] {
  const folder = folderOf(kind);
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** Presets and sizes that had another name in the version before. */
const RENAMED = new Map([['smoke', 'small']]);
const notified = new Set<string>();

/** The name of a preset today; one sentence to standard error (in a notebook: output), once per process, when it was called by an earlier name. */
export function presentName(name: string): string {
  const now = RENAMED.get(name);
  if (now === undefined) return name;
  if (!notified.has(name))
    // Executed notebooks treat anything on standard error as a fault.
    ('__tslab__' in globalThis ? process.stdout : process.stderr).write(
      `"${name}" is now called "${now}"; the earlier name will be removed in the next version\n`,
    );
  notified.add(name);
  return now;
}

/**
 * The file of a configuration.
 *
 * @param nameOrFile one of `configurationNames`, or the path of a JSON file.
 * @throws UserError (`input`) with the names there are.
 */
export function configurationFile(kind: ConfigurationKind, nameOrFile: string): string {
  const named = (name: string): string => path.join(folderOf(kind), `${name}.json`);
  if (nameOrFile.endsWith('.json') && !fs.existsSync(nameOrFile))
    throw inputError(
      `${nameOrFile}: there is no such preset; give the path of a JSON file, or one of ${configurationNames(kind).join(', ')}`,
    );
  if (nameOrFile.endsWith('.json')) return nameOrFile;
  // A preset of your own may have any name.
  const file = fs.existsSync(named(nameOrFile)) ? named(nameOrFile) : named(presentName(nameOrFile));
  if (!fs.existsSync(file))
    throw inputError(
      `there is no preset "${nameOrFile}"; give one of ${configurationNames(kind).join(', ')}, or the path of a JSON file`,
    );
  return file;
}

/**
 * A JSON schema as a function that finds what is wrong: `all` of it, or the `first` entry. Our schemas are tested themselves; checking them, and tidying the
 * code that is made of them, would take most of the time that a command needs to start.
 */
export function compileSchema(schema: object, errors: 'all' | 'first'): ValidateFunction {
  return new Ajv({
    allErrors: errors === 'all',
    discriminator: true,
    meta: false,
    validateSchema: false,
    code: { optimize: false },
  }).compile(schema);
}

/**
 * The value, checked against a JSON schema; throws naming the file and every wrong entry.
 *
 * @throws UserError (`input`) naming the file and every wrong entry.
 */
export function checkAgainst<T>(file: string, value: unknown, against: object): T {
  const validate = compileSchema(against, 'all');
  if (!validate(value)) {
    const errors = validate.errors ?? [];
    // That none of several schemas matches adds nothing to what is wrong with each.
    const specific = errors.filter(({ keyword }) => !['anyOf', 'oneOf', 'if'].includes(keyword));
    const shown = specific.length > 0 ? specific : errors;
    throw inputError(`${file}: ${shown.map(describeSchemaError).join('; ')}`);
  }
  return value as T;
}

function describeSchemaError(error: ErrorObject): string {
  const where =
    error.instancePath === '' ? 'the configuration' : error.instancePath.slice(1).replaceAll('/', '.');
  const { params } = error;
  if (error.keyword === 'additionalProperties')
    return `${where} has the unknown entry "${params['additionalProperty']}"`;
  if (error.keyword === 'required') return `${where} lacks "${params['missingProperty']}"`;
  if (error.keyword === 'enum')
    return `${where} must be one of ${(params['allowedValues'] as string[]).join(', ')}`;
  return `${where} ${error.message ?? 'is not valid'}`;
}
