export { explorerPage, startExplorer, type Explorer, type ExplorerOptions } from './server';
export type { PageModel } from './model';
export { demoModel, readPageModel } from './readModel';
