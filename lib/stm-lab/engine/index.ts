export { loadEngine, type Engine, type EngineOptions, type TensorFlow } from './engine';
export { rawOps, type RawAttribute, type RawOps } from './rawOps';
