/** The word of NODE_OPTIONS that preloads a module; its path may hold spaces. */
export const requireOption = (module: string): string => `--require=${JSON.stringify(module)}`;

/**
 * Runs something that starts processes while a module is preloaded into them and all their threads, with more in their
 * environment. They are to be started before the first wait.
 */
export function withPreload<T>(
  module: string | undefined,
  env: Readonly<Record<string, string>>,
  run: () => T,
): T {
  const before = process.env['NODE_OPTIONS'];
  Object.assign(process.env, env, module === undefined ? {} : { NODE_OPTIONS: requireOption(module) });
  try {
    return run();
  } finally {
    for (const name of Object.keys(env)) delete process.env[name];
    if (before === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = before;
  }
}
