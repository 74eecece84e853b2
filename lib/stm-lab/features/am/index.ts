export { AM_PARAMETERS, amAxes, createAmKernel, extractAm, type AmParameters } from './core';
