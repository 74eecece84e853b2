export { loadEngine, type Engine, type EngineOptions, type TensorFlow } from './engine';
