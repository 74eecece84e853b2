import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { before, test } from 'node:test';
import { setupModule, temporaryFolder } from './workbench';

interface Step {
  readonly name: string;
  readonly title: string;
  readonly required: boolean;
  readonly blocks?: boolean;
  readonly needs?: string;
  readonly without?: string;
  check(): boolean;
  make(): Promise<void> | void;
}
interface Missing {
  readonly step: Step;
  readonly reason: string;
  readonly cure: string;
}
interface Bootstrap {
  bootstrap(options: {
    steps: Step[];
    folder: string;
    skip?: string[];
    retry?: 'now' | 'daily';
  }): Promise<Missing[]>;
  describeMissing(missing: Missing): string;
}
interface Stamps {
  hashOf(...parts: unknown[]): string;
  readStamp(file: string): unknown;
  writeStamp(file: string, value: unknown): void;
}

let setup: Bootstrap;
let stamps: Stamps;
let SetupError: new (reason: string, cure: string) => Error;
before(async () => {
  setup = (await import(setupModule('bootstrap.mjs'))) as Bootstrap;
  stamps = (await import(setupModule('stamp.mjs'))) as Stamps;
  ({ SetupError } = (await import(setupModule('command.mjs'))) as { SetupError: typeof SetupError });
});

/** A step that counts how often it is made. */
function step(name: string, more: Partial<Step> = {}): Step & { made: number } {
  const own: Step & { made: number } = {
    name,
    title: name,
    required: false,
    made: 0,
    check: () => own.made > 0,
    make: () => {
      own.made += 1;
    },
    ...more,
  };
  return own;
}

test('a part is made once, and found ready after that', async (context) => {
  const folder = temporaryFolder(context);
  const steps = [step('a', { required: true }), step('b')];
  assert.deepEqual(await setup.bootstrap({ steps, folder }), []);
  assert.deepEqual(await setup.bootstrap({ steps, folder }), []);
  assert.deepEqual(
    steps.map(({ made }) => made),
    [1, 1],
  );
});

test('an optional part that fails is named with its fix, and the rest continues', async (context) => {
  const make = (): never => {
    throw new SetupError('no compiler', 'install one');
  };
  const steps = [step('broken', { make, without: 'slow' }), step('after')];
  const missing = await setup.bootstrap({ steps, folder: temporaryFolder(context) });
  assert.deepEqual(missing.map(setup.describeMissing), [
    'broken: no compiler. Without it: slow. Fix: install one.',
  ]);
  assert.equal(steps[1]!.made, 1);
});

test('nothing is tried after a part on which all others stand', async (context) => {
  const make = (): never => {
    throw new SetupError('no registry', 'connect');
  };
  const steps = [step('base', { make, required: true, blocks: true }), step('after')];
  const missing = await setup.bootstrap({ steps, folder: temporaryFolder(context) });
  assert.deepEqual(
    missing.map(({ step: { name } }) => name),
    ['base'],
  );
  assert.equal(steps[1]!.made, 0);
});

test('a part left out takes with it what needs it; a required one cannot be left out', async (context) => {
  const steps = [step('python'), step('kernel', { needs: 'python' }), step('base', { required: true })];
  const folder = temporaryFolder(context);
  assert.deepEqual(await setup.bootstrap({ steps, folder, skip: ['python', 'base'] }), []);
  assert.deepEqual(
    steps.map(({ made }) => made),
    [0, 0, 1],
  );
});

test('a long failure of today is remembered, and tried again by the doctor or tomorrow', async (context) => {
  const folder = temporaryFolder(context);
  const remember = (at: number): void =>
    stamps.writeStamp(path.join(folder, 'far.failed.json'), { reason: 'no network', cure: 'connect', at });
  remember(Date.now() - 60_000);
  const far = step('far');
  const [known] = await setup.bootstrap({ steps: [far], folder });
  assert.equal(known?.reason, 'no network');
  assert.equal(far.made, 0);
  assert.deepEqual(await setup.bootstrap({ steps: [far], folder, retry: 'now' }), []);
  assert.equal(far.made, 1);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.failed.json')),
    [],
  );
  remember(Date.now() - 25 * 3600 * 1000);
  const again = step('far');
  assert.deepEqual(await setup.bootstrap({ steps: [again], folder }), []);
  assert.equal(again.made, 1);
});

test('stamps: a damaged one counts as absent, and a hash tells absent from empty', (context) => {
  const file = path.join(temporaryFolder(context), 'sub', 'stamp.json');
  assert.equal(stamps.readStamp(file), undefined);
  stamps.writeStamp(file, { key: 'a' });
  assert.deepEqual(stamps.readStamp(file), { key: 'a' });
  writeFileSync(file, readFileSync(file).subarray(0, 5));
  assert.equal(stamps.readStamp(file), undefined);
  mkdirSync(path.dirname(file), { recursive: true });
  assert.deepEqual(readdirSync(path.dirname(file)), ['stamp.json']);
  assert.notEqual(stamps.hashOf(undefined), stamps.hashOf(''));
  assert.notEqual(stamps.hashOf('ab', 'c'), stamps.hashOf('a', 'bc'));
});
