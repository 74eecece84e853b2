import type { ByteSource } from '../../audio/byteSource';
import { isDoubt } from '../../audio/doubt';
import { openWav } from '../../audio/wav';
import { concatenate } from '../../base/concatenate';
import { createStmKernel, startStmAnalysis } from '../../features/stm/analysis';
import { cochleagram } from '../../features/stm';
import { EXCERPT_SECONDS } from '../../features/excerpts';
import { filterModulations } from '../../synthesis/filterSound';
import type { PageModel } from '../model';
import { classify } from './classify';
import { LEVEL_STEP, PEAK_COLUMNS, type FromWorker, type SoundInput, type ToWorker } from './messages';

const scope = self as unknown as {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage:
    ((event: MessageEvent<ToWorker | { readonly task: 'model'; readonly model: PageModel }>) => void) | null;
};
let model: PageModel | null = null;
const kernel = createStmKernel();
/** Raised with each new sound: the analysis of an earlier one ends. */
let current = 0;

/** Lets messages in between two pieces of work. */
const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function decode(
  name: string,
  input: SoundInput,
): Promise<{ samples: Float32Array; sampleRate: number }> {
  if (input.kind === 'channels') {
    const { channels, sampleRate } = input;
    const samples = channels.length === 1 ? channels[0]! : new Float32Array(channels[0]!.length);
    if (channels.length > 1)
      for (let i = 0; i < samples.length; i++) {
        let sum = 0;
        for (const channel of channels) sum += channel[i]!;
        samples[i] = sum / channels.length;
      }
    return { samples, sampleRate };
  }
  const bytes = new Uint8Array(input.bytes);
  const source: ByteSource = {
    file: name,
    size: bytes.length,
    read: (position, length) => bytes.subarray(position, position + length),
    close: () => undefined,
  };
  const opened = openWav(source, 0);
  if (isDoubt(opened))
    throw new Error(
      `${name}: ${opened.doubt}, which this page does not read; convert it to FLAC or 16-bit WAV`,
    );
  const blocks: Float32Array[] = [];
  for await (const block of opened.blocks()) blocks.push(block.slice());
  return { samples: concatenate(blocks), sampleRate: opened.sampleRate };
}

/** Lowest and highest sample of each column. */
function peaksOf(samples: Float32Array): Float32Array {
  const peaks = new Float32Array(2 * PEAK_COLUMNS);
  for (let c = 0; c < PEAK_COLUMNS; c++) {
    const end = Math.max(
      Math.floor((c * samples.length) / PEAK_COLUMNS) + 1,
      Math.floor(((c + 1) * samples.length) / PEAK_COLUMNS),
    );
    let [low, high] = [0, 0];
    for (let i = Math.floor((c * samples.length) / PEAK_COLUMNS); i < end; i++) {
      const value = samples[i] ?? 0;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    peaks[2 * c] = low;
    peaks[2 * c + 1] = high;
  }
  return peaks;
}

async function analyse(name: string, input: SoundInput): Promise<void> {
  const own = ++current;
  const { samples, sampleRate } = await decode(name, input);
  if (samples.length === 0) throw new Error(`${name}: holds no sound`);
  const copy = samples.slice();
  scope.postMessage({ kind: 'samples', samples: copy, sampleRate, peaks: peaksOf(samples) }, [copy.buffer]);
  const analysis = startStmAnalysis(await kernel, sampleRate, { ...model?.parameters, keep: 'excerpts' });
  const length = EXCERPT_SECONDS * sampleRate;
  for (let begin = 0, index = 0; begin < samples.length; begin += length, index++) {
    const part = samples.slice(begin, begin + length);
    analysis.push(part);
    const whole = part.length === length ? part : concatenate([part, new Float32Array(length - part.length)]);
    const { values } = await cochleagram(whole, sampleRate);
    const levels = Uint8Array.from(values, (value) => Math.min(255, value * LEVEL_STEP));
    scope.postMessage({ kind: 'cochleagram', frame: index * (values.length / 150), levels }, [levels.buffer]);
    await breathe();
    if (own !== current) return;
  }
  const result = analysis.finish();
  if ('reason' in result) throw new Error(`${name}: ${result.reason}`);
  const { features, perExcerpt = [] } = result;
  scope.postMessage({
    kind: 'analysis',
    analysis: {
      features,
      excerpts: perExcerpt.map(({ startSeconds, modulation }) => ({ startSeconds, modulation })),
      classes: model === null ? undefined : classify(model, perExcerpt),
    },
  });
}

scope.onmessage = ({ data }) => {
  const fail = (error: unknown): void =>
    scope.postMessage({ kind: 'problem', sentence: error instanceof Error ? error.message : String(error) });
  if (data.task === 'model') {
    model = data.model;
    kernel.then(() => scope.postMessage({ kind: 'ready' }), fail);
  } else if (data.task === 'analyse') analyse(data.name, data.input).catch(fail);
  else {
    const { id, samples, sampleRate, region, iterations } = data;
    filterModulations(samples, sampleRate, { region, iterations }).then(
      ({ samples: filtered, sampleRate: rate, report }) =>
        scope.postMessage(
          {
            kind: 'filtered',
            id,
            samples: filtered as Float32Array<ArrayBuffer>,
            sampleRate: rate,
            suppressionDb: report.suppressionDb,
            distortionDb: report.distortionDb,
          },
          [filtered.buffer],
        ),
      fail,
    );
  }
};
