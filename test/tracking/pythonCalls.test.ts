import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { createMlflowClient, createTracker } from 'mlflow-tracking-client';
import { otherPython, python, temporaryFolder } from './support';

const folder = temporaryFolder();
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test('FEATURES.md names every public call of the installed Python package, and only what there is here', async (context) => {
  if (!fs.existsSync(python)) {
    context.skip('SKIPPED: .venv/bin/python is missing');
    return;
  }
  const script = `
import inspect, json, mlflow
def signature(f):
    return ", ".join(p for p in inspect.signature(f).parameters if p not in ("self", "cls"))
functions = {n: getattr(mlflow, n, None) for n in set(mlflow.__all__)}
methods = inspect.getmembers(mlflow.MlflowClient, inspect.isfunction)
print("\\n" + json.dumps([mlflow.__version__,
    [f"mlflow.{n}({signature(f)})" for n, f in functions.items() if inspect.isfunction(f)]
    + [f"{n}({signature(f)})" for n, f in methods if not n.startswith("_")]]))`;
  const printed = execFileSync(python, ['-c', script], {
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [version, expected] = JSON.parse(printed.toString('utf8').trim().split('\n').at(-1)!) as [
    string,
    string[],
  ];
  const page = fs.readFileSync(path.join(__dirname, '../../lib/mlflow-tracking-client/FEATURES.md'), 'utf8');
  const [first, ...later] = page.split(/^## Added or changed by (?=MLflow [\d.]+$)/m);
  const rowsOf = (text: string): RegExpExecArray[] => [
    ...text.matchAll(/^\| `([^`]+)` +\| (yes|no): (.+?) +\|$/gm),
  ];
  const rows = rowsOf(page);
  const present = [first!, ...later].findIndex((text) => text.includes(`MLflow ${version}`));
  // A later version's call replaces that of the same name.
  const byName = new Map(
    [first!, ...later]
      .slice(0, present + 1)
      .flatMap(rowsOf)
      .map(([, call]) => [call!.split('(')[0]!, call!]),
  );
  const documented = [...byName.values()];
  if (otherPython !== undefined && present < 0) {
    const added = expected.filter((call) => !documented.includes(call));
    context.diagnostic(
      `MLflow ${version}: ${added.length} calls that FEATURES.md lacks: ${added.join('; ')}`,
    );
    context.skip(`FEATURES.md describes another version than ${version}`);
    return;
  }
  assert.ok(present >= 0, `FEATURES.md describes another version than ${version}`);
  assert.deepEqual(documented.sort(), expected.sort());

  const tracker = createTracker({ mode: 'disabled', journalFolder: folder, experiment: 'x' });
  const made = createMlflowClient('http://127.0.0.1:9');
  const run = createTracker({ mode: 'offline', journalFolder: path.join(folder, 'features') }).startRun();
  const library = (await import('mlflow-tracking-client')) as unknown as Record<string, unknown>;
  const here: Record<string, object> = { run, tracker, client: made };
  const missing: string[] = [];
  for (const [, call, , text] of rows) {
    for (const [, code] of text!.matchAll(/`([^`]+)`/g)) {
      const member = /^(run|tracker|client)\.(\w+)/.exec(code!);
      const known = member === null ? undefined : member[2]! in here[member[1]!]!;
      const exported = /^(createTracker|sampleSystem|withRun|activeRun|runRows|trackFit|openArtifactStore|listAllArtifacts)\b/.exec(code!); // prettier-ignore
      const found = known ?? (exported !== null && exported[1]! in library);
      // Names of options and of what a store offers.
      const word = /^(put|get|list|experiment|experimentId|experimentTags|uri|artifactUri|registerAs|@mlflow\/core|createModelVersion)$/.test(code!); // prettier-ignore
      if (!found && !word) missing.push(`${call}: ${code}`);
    }
  }
  made.close();
  run.end();
  assert.deepEqual(missing, []);
});
