import type { DataFrame } from 'danfojs-node';
import { environmentError, messageOf } from 'research-basics/errors';
import { withoutNativeEngine } from '../engine';
import { tableText } from './text';

/** danfojs: `merge`, `concat`, `Series` and the rest of the package. */
export type Danfojs = typeof import('danfojs-node');

let loaded: Danfojs | undefined;

/**
 * The danfojs package, loaded on first use (1 to 3 s).
 *
 * It asks for native TensorFlow, which tables do not need: it is given the TensorFlow.js that `loadEngine` builds on, so
 * that data frames work wherever stm-lab does, there is one TensorFlow in the process, and the engine can still be chosen
 * afterwards.
 *
 * What danfojs cannot do, or does otherwise than pandas: no plots in Node; `describe`, `mean` and `std` give NaN where a
 * value is missing (`dropNa()` first); `std` of one value is 0; a column cannot have the name of a method (`toDataFrame`
 * refuses it); a million cells take seconds and hundreds of megabytes.
 *
 * @throws UserError (`environment`) when it cannot be loaded.
 */
export function danfojs(): Danfojs {
  loaded ??= load();
  return loaded;
}

function load(): Danfojs {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only when wanted
    const danfo = withoutNativeEngine(() => require('danfojs-node') as Danfojs);
    // A frame at the end of a cell, or printed, is its first rows, not its fields.
    Object.defineProperty(danfo.DataFrame.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: DataFrame) {
        return tableText(this);
      },
    });
    return danfo;
  } catch (error) {
    throw environmentError(
      `danfojs cannot be loaded (${messageOf(error).split('\n')[0]}); run "npm run doctor" for the fix`,
      error,
    );
  }
}
