export {
  createModulationFilter,
  createModulationFilters,
  filterModulations,
  filterWhole,
  SOUND_FORMAT,
  type FilteredCochleagrams,
  type FilteredSound,
  type ModulationFilter,
  type ModulationFilterKernel,
  type ModulationFilterOptions,
} from './filterSound';
export {
  parseCell,
  parseRegion,
  regionGain,
  regionLabel,
  type ModulationArea,
  type ModulationBand,
  type ModulationGain,
  type ModulationRegion,
} from './region';
export type { FilterReport } from './report';
export { filterFile, type FilterFileOptions, type FilterFileResult } from './filterFile';
export {
  soundFromCochleagram,
  soundFromModulation,
  type ReconstructedSound,
  type ReconstructionOptions,
} from './reconstruct';
