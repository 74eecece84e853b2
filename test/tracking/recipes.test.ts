import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import type { LocalServer } from 'mlflow-tracking-client';
import { noServer, startServer, temporaryFolder } from './support';

/** The recipes of the package, run as they are printed, against a real server. */

const folder = temporaryFolder();
const page = fs.readFileSync(path.join(__dirname, '../../lib/mlflow-tracking-client/RECIPES.md'), 'utf8');
const recipes = [...page.matchAll(/^## (\d+\. .+?)$[^]*?```js\n([^]*?)```/gm)].map(([, title, code]) => ({
  title: title!,
  code: code!,
}));
const home = process.cwd();
const variables = ['MLFLOW_TRACKING_URI', 'MLFLOW_RUN_ID', 'MLFLOW_EXPERIMENT_ID', 'MLFLOW_EXPERIMENT_NAME'];
const saved = variables.map((name) => [name, process.env[name]] as const);
let server: LocalServer;

before(async () => {
  for (const name of variables) delete process.env[name];
  if (noServer !== false) return;
  server = await startServer(folder);
  process.env['MLFLOW_TRACKING_URI'] = server.uri;
  process.chdir(folder);
});
after(async () => {
  process.chdir(home);
  for (const [name, value] of saved) if (value !== undefined) process.env[name] = value;
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('there are ten recipes', () => assert.equal(recipes.length, 10));

for (const { title, code } of recipes) {
  test(title, { skip: noServer }, async () => {
    const printed: string[] = [];
    const body = code.replace(/^import (\{[^}]*\}) from ('[^']+');$/gm, 'const $1 = require($2);');
    assert.doesNotMatch(body, /^import /m);
    const log = (...values: unknown[]): void =>
      void printed.push(
        values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' '),
      );
    const run = new Function('require', 'console', `return (async () => {${body}})();`) as (
      require: NodeJS.Require,
      console: object,
    ) => Promise<void>;
    await run(createRequire(__filename), { log });
    // What a recipe says it prints is what it prints.
    const promised = [...code.matchAll(/console\.log\(.*?\); \/\/ (.+)$/gm)].map((match) => match[1]!);
    const plain = (text: string): string => text.replace(/["\s]/g, '');
    for (const line of promised)
      assert.ok(
        printed.map(plain).includes(plain(line)),
        `"${line}" is not among ${JSON.stringify(printed)}`,
      );
  });
}
