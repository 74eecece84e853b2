import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filteredSoundFigure, listenHtml, renderSvg } from 'stm-lab/dist/figures';

const tone = (seconds: number, rate: number, level: number): Float32Array =>
  Float32Array.from({ length: seconds * rate }, (_, i) => level * Math.sin((2 * Math.PI * 440 * i) / rate));

/** The WAV files of a page. */
const sounds = (html: string): Buffer[] =>
  [...html.matchAll(/base64,([^"]+)"/g)].map(([, text]) => Buffer.from(text!, 'base64'));
const peak = (wav: Buffer): number => {
  let largest = 0;
  for (let i = 44; i + 1 < wav.length; i += 2) largest = Math.max(largest, Math.abs(wav.readInt16LE(i)));
  return largest / 32768;
};

test('sounds lie in the page at one gain, or each at full level; titles are escaped', () => {
  const pair = [
    { samples: tone(1, 16000, 0.1), sampleRate: 16000, title: '<loud>' },
    { samples: tone(1, 16000, 0.01), sampleRate: 16000, title: 'quiet' },
  ];
  const same = sounds(listenHtml(pair));
  assert.ok(Math.abs(peak(same[0]!) - 0.9) < 0.001 && Math.abs(peak(same[1]!) - 0.09) < 0.001);
  const each = sounds(listenHtml(pair, { level: 'each' }));
  assert.ok(Math.abs(peak(each[1]!) - 0.9) < 0.001);
  assert.match(listenHtml(pair), /&lt;loud&gt;/);
});

test('the size is bounded by seconds and by bytes, whatever the rate', () => {
  const long = { samples: tone(30, 48000, 0.1), sampleRate: 48000, title: 'long' };
  const [wav] = sounds(listenHtml([long]));
  assert.equal(wav!.length, 44 + 2 * 16000 * 10);
  assert.match(listenHtml([long]), /first 10\.0 s/);
  const html = listenHtml([long, long, long], { maxBytes: 300_000 });
  assert.ok(html.length < 303_000, `${html.length}`);
  assert.equal(
    sounds(listenHtml([{ ...long, samples: new Float32Array(8000), sampleRate: 8000 }]))[0]!.readUInt32LE(24),
    8000,
  );
});

test('an empty sound and one that is not finite give a sentence that names it', () => {
  const of = (samples: Float32Array) => [{ samples, sampleRate: 8000, title: 'this one' }];
  assert.throws(() => listenHtml(of(new Float32Array(0))), /"this one" is empty/);
  assert.throws(() => listenHtml(of(Float32Array.of(0, NaN))), /"this one" holds samples/);
});

test('cochleagrams before, target and after fit an output of JupyterLab, 850 px, whatever the length', async () => {
  const channelHz = Array.from({ length: 150 }, (_, c) => 180 * 38.3 ** (c / 149));
  for (const seconds of [4, 300]) {
    const values = new Float64Array(150 * seconds).fill(40);
    const svg = await renderSvg(
      filteredSoundFigure({ before: values, target: values, after: values, channelHz, frameRateHz: 1 }),
    );
    const width = Number(/ width="([\d.]+)"/.exec(svg)![1]);
    assert.ok(width > 600 && width <= 850, `${width} px for ${seconds} s`);
    for (const title of ['Before', 'Target', 'After', 'Centre frequency'])
      assert.ok(svg.includes(title), title);
  }
});
