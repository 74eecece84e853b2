import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { builtinModules } from 'node:module';
import * as path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { root } from '../setup/workbench';

/** The packages of the workbench that a notebook may import. */
const PACKAGES: readonly string[] = ['stm-lab', 'bayesian-optimizer', 'mlflow-tracking-client'];
const MOST_LINES = 15;

interface Cell {
  readonly cell_type: 'code' | 'markdown';
  readonly source: readonly string[];
  readonly outputs?: readonly unknown[];
}

const folder = path.join(root, 'notebooks');
const notebooks = fs
  .readdirSync(folder)
  .filter((name) => name.endsWith('.ipynb'))
  .map((name) => ({
    name,
    cells: (JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as { cells: Cell[] }).cells,
  }));

/** Every code cell, parsed. */
const code = notebooks.flatMap(({ name, cells }) =>
  cells.flatMap(({ cell_type: type, source }, number) =>
    type === 'code'
      ? [
          {
            at: `${name}, cell ${number + 1}`,
            text: source.join(''),
            tree: ts.createSourceFile('cell.ts', source.join(''), ts.ScriptTarget.ES2022, true),
          },
        ]
      : [],
  ),
);

function visit(node: ts.Node, seen: (node: ts.Node) => void): void {
  seen(node);
  node.forEachChild((child) => visit(child, seen));
}

test('no function in a cell is longer than 15 lines', () => {
  let functions = 0;
  for (const { at, tree } of code)
    visit(tree, (node) => {
      if (!ts.isFunctionLike(node) || !('body' in node)) return;
      functions++;
      const line = (place: number): number => tree.getLineAndCharacterOfPosition(place).line;
      const lines = line(node.end) - line(node.getStart()) + 1;
      assert.ok(lines <= MOST_LINES, `${at}: ${lines} lines\n${node.getText()}`);
    });
  assert.ok(functions > 50);
});

test('cells import the packages and what Node has, nothing else, and throw nothing as a test', () => {
  for (const { at, tree } of code)
    visit(tree, (node) => {
      assert.ok(!ts.isThrowStatement(node), `${at}: ${node.getText()}`);
      if (!ts.isImportDeclaration(node)) return;
      const name = (node.moduleSpecifier as ts.StringLiteral).text;
      const known = PACKAGES.includes(name) || builtinModules.includes(name.replace(/^node:/, ''));
      assert.ok(known, `${at}: imports ${name}`);
    });
});

test('tables come from data frames', () => {
  let tables = 0;
  for (const { at, tree, text } of code) {
    const frames = new Set(
      [
        ...code
          .map((one) => one.text)
          .join('\n')
          .matchAll(
            /const (?:\{[^}]*\} = )?(\w+)(?::[^=]+)? = [^;]*?(?:toDataFrame|lab\.frame|readDataFrame|\.query\(|\.groupby\(|\.sortValues\(|\.merge\()/g,
          ),
      ].map(([, name]) => name),
    );
    visit(tree, (node) => {
      if (!ts.isCallExpression(node) || node.expression.getText() !== 'figures.showTable') return;
      tables++;
      const table = node.arguments[0]!.getText();
      const isFrame =
        frames.has(/^\w+/.exec(table)?.[0] ?? '') ||
        /^(frames\.(to|read)DataFrame|await lab\.frame)\(/.test(table);
      assert.ok(isFrame, `${at}: ${table.slice(0, 80)} in ${text.slice(0, 60)}`);
    });
  }
  assert.ok(tables > 30, `${tables} tables`);
});

test('each notebook states purpose, cost and expectation, closes what it opened last, and is stored without outputs', () => {
  for (const { name, cells } of notebooks) {
    const head = cells[0]!.source.join('');
    for (const word of ['**Purpose.**', '**Cost**', '**Expect'])
      assert.ok(head.includes(word), `${name}: ${word}`);
    const sources = cells.filter(({ cell_type: type }) => type === 'code');
    assert.ok(
      sources.every(({ outputs }) => outputs?.length === 0),
      `${name} has outputs`,
    );
    assert.match(sources.at(-1)!.source.join(''), /and found[^]*await lab\.close\(\);$/, name);
    assert.match(
      cells.map(({ source }) => source.join('')).join('\n'),
      /## Exercises[^]*<details>[^]*<\/details>/,
      name,
    );
    assert.match(sources[0]!.source.join(''), /\/\/ Parameters\./, name);
  }
});
