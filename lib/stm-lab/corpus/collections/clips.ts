/** What a clip is used for. */
export type Part = 'train' | 'validation' | 'test';

/** One recording of a labelled collection. */
export interface Clip {
  /** Absolute path of the recording. */
  readonly file: string;
  /** As results name it. */
  readonly name: string;
  /** Speaker, artist or place: clips of one group are alike. */
  readonly group: string;
  /** Numbers of its outputs: tags (any number of them), or one class. */
  readonly outputs: readonly number[];
  readonly part: Part;
}

/** Labelled recordings in parts. */
export interface ClipCollection {
  /** Names of the outputs, in their order. */
  readonly outputs: readonly string[];
  readonly task: 'tags' | 'classes';
  readonly clips: readonly Clip[];
  /** One sentence each: what was left out and why. */
  readonly notes: readonly string[];
}

/** Labels of clips as 0 and 1, clips x outputs. */
export function labelMatrix(clips: readonly Clip[], outputs: number): Float32Array {
  const labels = new Float32Array(clips.length * outputs);
  clips.forEach((clip, row) => clip.outputs.forEach((output) => (labels[row * outputs + output] = 1)));
  return labels;
}
