import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import {
  environmentError,
  fileError,
  inputError,
  isContentError,
  isOutOfMemory,
} from 'research-basics/errors';

const systemError = (code: string): Error => Object.assign(new Error(`${code}: trouble`), { code });

test('a path that cannot be read is told in plain words', () => {
  const sentence = (code: string): string => fileError('a.wav', systemError(code)).message;
  assert.equal(sentence('ENOENT'), 'a.wav: there is no such file');
  assert.match(sentence('EISDIR'), /^a\.wav: is a folder/);
  assert.match(sentence('EACCES'), /^a\.wav: cannot be read \(permission denied\); give/);
  assert.equal(sentence('ELOOP'), 'a.wav: cannot be read (ELOOP: trouble)');
});

test('errors of bytes, of paths and of the machine can be told apart', () => {
  assert.ok(isContentError(inputError('a.wav: holds no samples')));
  assert.ok(isContentError(inputError('a.wav: is damaged', new Error('bad frame'))));
  for (const code of ['ENOENT', 'EACCES', 'ELOOP', 'ENAMETOOLONG']) {
    const error = fileError('a.wav', systemError(code));
    assert.equal(error.kind, 'input');
    assert.ok(!isContentError(error), code);
  }
  for (const code of ['EIO', 'ESTALE', 'EMFILE', 'ENFILE', 'ENOMEM', 'ETIMEDOUT']) {
    const error = fileError('a.wav', systemError(code));
    assert.equal(error.kind, 'environment');
    assert.match(error.message, /^a\.wav: could not be read \(.+\); try again/);
    assert.ok(!isContentError(error), code);
  }
  assert.ok(!isContentError(environmentError('install it')));
  assert.ok(!isContentError(new TypeError('a slip')));
});

test('a path with a NUL is an input error', () => {
  try {
    fs.openSync('a\0b', 'r');
    assert.fail();
  } catch (error) {
    assert.equal(fileError('a b', error).kind, 'input');
  }
});

test('exhausted memory is recognised', () => {
  assert.ok(isOutOfMemory(new RangeError('Array buffer allocation failed')));
  assert.ok(isOutOfMemory(new RangeError('WebAssembly.Memory(): could not allocate memory')));
  assert.ok(!isOutOfMemory(new Error('bad frame')));
});
