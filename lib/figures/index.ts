export { type FigureSpec, type FigureText } from './spec';
export { renderSvg, type RenderOptions } from './render';
export { saveFigure } from './save';
export {
  show,
  showProgress,
  showTable,
  showText,
  tableHtml,
  type ProgressDisplay,
  type TableOptions,
  type TableValue,
} from './notebook';
export { CLASS_COLOURS } from './theme';
export { type ColourScale } from './colour';
export { ablationFigure, type AblationCell, type AblationInput } from './ablation';
export { cohensD, type CohensDOptions } from './cohensD';
export { confusionFigure, type ConfusionInput } from './confusion';
export { effectSizeFigure, type EffectSizeInput } from './effectSize';
export {
  classMeanFigure,
  stmFigure,
  stmGridFigure,
  type ClassMeanInput,
  type StmAxes,
  type StmGridInput,
  type StmInput,
  type StmPanel,
} from './stm';
