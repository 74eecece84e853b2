export { createMpsKernel, MPS_PARAMETERS, mpsAxes, type MpsParameters } from './core';
export { createModulationPower, standardise, type ModulationPower, type ModulationSize } from './power';
