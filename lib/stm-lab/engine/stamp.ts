import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256 } from 'research-basics/files';

/**
 * What decides which engine `loadEngine` would load, without loading it: the settings, the version of TensorFlow.js, and the
 * native library with its binding by their sizes. SHA-256; equal stamps mean equal descriptions.
 */
export function engineStamp(): string {
  const { STM_LAB_ENGINE, TF_ENABLE_ONEDNN_OPTS } = process.env;
  return sha256({
    engine: STM_LAB_ENGINE ?? null,
    // What loading the engine sets where nothing else is asked for.
    onednn: TF_ENABLE_ONEDNN_OPTS ?? '0',
    platform: [process.platform, process.arch],
    native: nativeFiles(),
  });
}

function nativeFiles(): readonly unknown[] {
  try {
    const manifest = require.resolve('@tensorflow/tfjs-node/package.json');
    const folder = path.dirname(manifest);
    const files = ['lib', 'deps/lib'].flatMap((part) => filesBelow(path.join(folder, part)));
    return [sha256(fs.readFileSync(manifest)), ...files];
  } catch {
    return []; // Not installed: WebAssembly.
  }
}

/** Names and sizes, in the order of names. */
function filesBelow(folder: string): [string, number][] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const stat = fs.statSync(path.join(folder, name));
      return stat.isDirectory() ? filesBelow(path.join(folder, name)) : [[name, stat.size]];
    });
}
