export {
  regionColumns,
  regionGrid,
  regionName,
  selectColumns,
  type Region,
} from './masks';
