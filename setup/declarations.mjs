// Checks the declarations of our packages as a notebook sees them: TypeScript 5.0 with tslab's options. tslab itself
// skips this check, and a declaration it cannot read silently becomes `any` in the cells.
import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exit, stderr, stdout } from 'node:process';
import { packageFolders, root } from './paths.mjs';

const ts = createRequire(join(root, 'package.json'))('@tslab/typescript-for-tslab');
const files = packageFolders
  .map((folder) => join(root, folder, 'dist'))
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
  .filter((name) => name.endsWith('.d.ts'));

const program = ts.createProgram(files, {
  module: ts.ModuleKind.CommonJS,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  esModuleInterop: true,
  // Ours are to be checked; errors in the declarations of others are left out below.
  skipLibCheck: false,
  noEmit: true,
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
});
const problems = files.flatMap((file) => {
  const source = program.getSourceFile(file);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
});
const host = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
};
if (problems.length > 0) stderr.write(ts.formatDiagnostics(problems, host));
stdout.write(
  `${files.length} declaration files, ${problems.length} problems under TypeScript ${ts.version}\n`,
);
exit(files.length > 0 && problems.length === 0 ? 0 : 1);
