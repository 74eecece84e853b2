export {
  averageLinkage,
  classicalScaling,
  leafOrder,
  type Merge,
  type PlaneArrangement,
} from './arrangement';
export { contourLines, levelOfShare, type ContourPiece } from './contour';
export {
  densityDistance,
  displacements,
  jensenShannonDistance,
  modulationDensity,
  modulationGrid,
  nullDistances,
  type BankDistance,
  type BankSize,
  type ModulationGrid,
  type ModulationPoint,
  type NullDistances,
} from './density';
export { bankTransfer, describeBank, type BankDescription, type BankTransfer } from './transfer';
export { KHZ_PER_OCTAVE, PUBLISHED_RANGES, shareWithin, type PublishedRange } from './published';
export { planeDistance, wassersteinDistance, type PlaneScales } from './wasserstein';
