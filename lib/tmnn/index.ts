export { createTmnn, type TmnnNetwork } from './network';
export { resolveTmnn, type TmnnOptions, type TmnnSpec } from './spec';
export { createTrainer, type TmnnTrainer } from './trainer';
