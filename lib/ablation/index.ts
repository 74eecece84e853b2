export {
  regionColumns,
  regionGrid,
  regionName,
  selectColumns,
  type ModulationAxes,
  type Region,
} from './masks';
