export { loadEngine, type Engine, type EngineOptions, type TensorFlow } from './engine';
export { engineStamp } from './stamp';
export { nativeMatrices, type Matrix, type NativeMatrices } from './nativeMatrices';
export { rawOps, runsOnGpu, type RawAttribute, type RawOps } from './rawOps';
export { withoutNativeEngine } from './withoutNative';
