export { danfojs, type Danfojs } from './danfojs';
export { readDataFrame, toDataFrame, writeDataFrame } from './dataFrame';
export { fromDataFrame, isDataFrame, type TableRow, type TableValue } from './rows';
export { tableHtml, tableText, type TableOptions } from './text';
export type { DataFrame } from 'danfojs-node';
