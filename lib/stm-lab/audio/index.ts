export { openAudio, readAudio, type Audio, type OpenAudioOptions } from './open';
export { checkPcmFormat, type PcmFormat, type SampleEncoding } from './pcm';
export { rawPcmFromColumns, type RawPcm } from './rawPcm';
export { designResampler, resample, resampledLength, type Resampler } from './resample';
export { cacheSound, type CachedSound, readSamples } from './soundCache';
export type { AudioSource } from './source';
export { writeWav, type WriteWavOptions } from './writeWav';
