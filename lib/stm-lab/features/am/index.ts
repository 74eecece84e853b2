export { AM_PARAMETERS, amAxes, createAmKernel, type AmParameters } from './core';
