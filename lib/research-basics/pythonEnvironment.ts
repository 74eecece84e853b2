const HARMLESS = /^PYTHON(UNBUFFERED|PYCACHEPREFIX|UTF8|IOENCODING|HASHSEED|FAULTHANDLER)$/;
const FOREIGN =
  /^(VIRTUAL_ENV(_PROMPT)?|CONDA_(PREFIX(_\d+)?|DEFAULT_ENV)|__PYVENV_LAUNCHER__|JUPYTER_PATH)$/;

/**
 * The environment for a Python program of a virtual environment (MLflow, Jupyter): without the variables with which another
 * Python, an active environment or a module path of the user's would put other modules in place of its own. Set-up follows
 * the same rule.
 *
 * @param env default: that of this process. It is not changed.
 */
export function pythonEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const entries = Object.entries(env).filter(
    ([name]) => !FOREIGN.test(name) && (!/^PYTHON[A-Z0-9]/.test(name) || HARMLESS.test(name)),
  );
  return { PYTHONUTF8: '1', ...Object.fromEntries(entries), PYTHONNOUSERSITE: '1' };
}
