export {
  displacements,
  jensenShannonDistance,
  modulationDensity,
  modulationGrid,
  nullDistances,
  type ModulationGrid,
  type ModulationPoint,
  type NullDistances,
} from './density';
export { bankTransfer, describeBank, type BankDescription, type BankTransfer } from './transfer';
