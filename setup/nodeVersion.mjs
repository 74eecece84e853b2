// Read by versions of Node.js that are too old for the rest, so without newer syntax.

/** The releases that "npm run test:node" tries. */
export const testedNodes = [20, 22, 24, 26];

/**
 * Why a version of Node.js will not do, as one sentence; undefined when it does. Notebooks and two dependencies load ES
 * modules with `require`, which Node.js learnt in 20.19 and 22.12.
 */
export function nodeFault(version) {
  const parts = version.split('.').map(Number);
  const fits = (parts[0] === 20 && parts[1] >= 19) || (parts[0] === 22 && parts[1] >= 12) || parts[0] > 22;
  if (fits) return undefined;
  return (
    'Node.js ' +
    version +
    ' cannot run this: install Node.js 20.19, 22.12 or newer (' +
    testedNodes.join(', ') +
    ' are tested), or run it with one from npm: "npx -p node@24 npm run doctor".'
  );
}
