import type { Draw } from './synthesis/draw';
import { bandpass, filter, highpass, lowpass } from './synthesis/filters';
import { addAt, addRelative, plateau, strike, toLevel } from './synthesis/mix';
import { noise, wander } from './synthesis/noise';
import { inRoom } from './synthesis/room';
import { shape, tone } from './synthesis/tones';
import { renderVoice, type Syllable } from './synthesis/voice';

/** One animal of a site: its calls for this many seconds, arbitrary level. */
type Animal = (draw: Draw, seconds: number, rate: number) => Float32Array;

/** How one bird syllable moves. */
type Movement = 'rise' | 'fall' | 'arch' | 'trill' | 'warble' | 'buzz' | 'whistle';
const MOVEMENTS: readonly Movement[] = ['rise', 'fall', 'arch', 'trill', 'warble', 'buzz', 'whistle'];

function birdSyllable(draw: Draw, rate: number, kind: Movement, hz: number, seconds: number): Float32Array {
  const span = draw.ratio(1.15, 1.8);
  const speed =
    kind === 'trill' ? draw.ratio(14, 40) : kind === 'buzz' ? draw.ratio(60, 140) : draw.ratio(7, 18);
  const wave = (t: number): number => Math.sin(2 * Math.PI * speed * t);
  const course: Record<Movement, (t: number) => number> = {
    rise: (t) => hz * Math.pow(span, t / seconds - 0.5),
    fall: (t) => hz * Math.pow(span, 0.5 - t / seconds),
    arch: (t) => hz * Math.pow(span, Math.sin((Math.PI * t) / seconds) - 0.5),
    trill: (t) => hz * Math.pow(span, 0.25 * wave(t)),
    warble: (t) => hz * Math.pow(span, 0.4 * wave(t)),
    buzz: (t) => hz * (1 + 0.12 * wave(t)),
    whistle: () => hz,
  };
  const level = plateau(seconds, Math.min(0.02, seconds / 3), Math.min(0.04, seconds / 3));
  return tone({
    rate,
    seconds,
    hz: course[kind],
    amplitude: (t) => level(t) * (kind === 'trill' ? 0.55 + 0.45 * wave(t) : 1),
    timbre: draw.chance(0.3) ? 'soft' : 'sine',
    highest: hz * span,
  });
}

/** A songbird: a repertoire of syllables, sung in phrases of repeated syllables. */
const songbird: Animal = (draw, seconds, rate) => {
  const out = new Float32Array(Math.round(seconds * rate));
  const centre = draw.ratio(1600, 5200);
  const repertoire = Array.from({ length: draw.integer(1, 5) }, () => {
    const kind = draw.pick(MOVEMENTS);
    const length = draw.ratio(0.04, 0.5);
    return birdSyllable(draw, rate, kind, centre * draw.ratio(0.75, 1.35), length);
  });
  const gap = draw.ratio(0.02, 0.2);
  for (let at = draw.uniform(0, 0.8); at < seconds; at += draw.ratio(0.25, 1.6)) {
    for (let run = draw.integer(1, 3); run > 0; run--) {
      const syllable = draw.pick(repertoire);
      for (let times = draw.integer(1, 6); times > 0 && at < seconds; times--) {
        addAt(out, syllable, rate, at, draw.uniform(0.6, 1));
        at += syllable.length / rate + gap;
      }
    }
  }
  return inRoom(out, { rate, seconds: draw.ratio(0.4, 1.6), amount: draw.uniform(0.1, 0.6) });
};

/** A bird with one call, harmonic and harsh or a pure whistle, repeated at intervals. */
const caller: Animal = (draw, seconds, rate) => {
  const out = new Float32Array(Math.round(seconds * rate));
  const hz = draw.ratio(450, 1600);
  const length = draw.ratio(0.12, 0.6);
  const bend = draw.uniform(-0.25, 0.25);
  const own = plateau(length, 0.02, 0.06);
  const call = tone({
    rate,
    seconds: length,
    hz: (t) => hz * (1 + bend * Math.sin((Math.PI * t) / length)),
    amplitude: own,
    timbre: draw.pick(['saw', 'reed', 'soft', 'sine']),
    highest: hz * 1.3,
  });
  const pause = draw.ratio(0.15, 1.2);
  for (let at = draw.uniform(0, 0.7); at < seconds; at += length + pause * draw.ratio(0.7, 1.4)) {
    addAt(out, call, rate, at, draw.uniform(0.6, 1));
  }
  return inRoom(out, { rate, seconds: draw.ratio(0.6, 2.5), amount: draw.uniform(0.2, 0.7) });
};

/** Cicadas: a band of noise, pulsed so fast that it hums. */
const cicada: Animal = (draw, seconds, rate) => {
  const centre = draw.ratio(3200, 6500);
  const out = filter(
    noise(draw, Math.round(seconds * rate)),
    bandpass(rate, centre, 4),
    bandpass(rate, centre, 3),
  );
  const fast = draw.ratio(40, 160);
  const slow = draw.ratio(0.3, 8);
  const depth = draw.uniform(0.1, 0.8);
  return shape(
    out,
    rate,
    (t) => (0.6 + 0.4 * Math.sin(6.283 * fast * t)) * (1 + depth * Math.sin(6.283 * slow * t)),
  );
};

/** Crickets: chirps of a few pulses on a nearly pure tone, several animals out of step. */
const crickets: Animal = (draw, seconds, rate) => {
  const out = new Float32Array(Math.round(seconds * rate));
  for (let animal = draw.integer(1, 4); animal > 0; animal--) {
    const hz = draw.ratio(2300, 5500);
    const pulses = draw.integer(2, 6);
    const spacing = draw.ratio(0.018, 0.045);
    const chirps = draw.ratio(1, 5);
    const own = strike(spacing, spacing / 4, spacing / 3);
    const pulse = tone({ rate, seconds: spacing, hz, amplitude: own });
    for (let at = draw.uniform(0, 1); at < seconds; at += 1 / chirps + draw.normal(0, 0.02)) {
      for (let k = 0; k < pulses; k++) addAt(out, pulse, rate, at + k * spacing, 0.5 + (0.5 * k) / pulses);
    }
  }
  return out;
};

/** Frogs: trains of damped pulses, one to five animals answering each other. */
const frogs: Animal = (draw, seconds, rate) => {
  const out = new Float32Array(Math.round(seconds * rate));
  const species = draw.ratio(350, 2400);
  for (let animal = draw.integer(1, 5); animal > 0; animal--) {
    const hz = species * draw.ratio(0.88, 1.14);
    const speed = draw.ratio(12, 60);
    const own = strike(1.5 / speed, 0.002, 0.4 / speed);
    const pulse = tone({ rate, seconds: 1.5 / speed, hz, amplitude: own, timbre: 'soft' });
    for (let at = draw.uniform(0, 1); at < seconds; at += draw.ratio(0.3, 1.2)) {
      for (let k = draw.integer(3, 25); k > 0 && at < seconds; k--, at += 1 / speed) {
        addAt(out, pulse, rate, at, draw.uniform(0.7, 1));
      }
    }
  }
  return inRoom(out, { rate, seconds: 0.6, amount: 0.25 });
};

/** Howls and moans of mammals: a big throat gliding slowly over an octave. */
const howler: Animal = (draw, seconds, rate) => {
  const base = draw.ratio(140, 420);
  const scale = draw.uniform(0.6, 1.1);
  const syllables: Syllable[] = [];
  for (let at = 0; at < seconds; at += syllables.at(-1)!.seconds) {
    const quiet = syllables.length % 4 === 3;
    syllables.push({
      seconds: quiet ? draw.uniform(0.3, 0.8) : draw.ratio(0.3, 1.4),
      hz: base * draw.ratio(0.7, 1.7),
      vowel: draw.pick<Syllable['vowel']>(['o', 'u', 'a']),
      onset: 'none',
      level: quiet ? 0 : draw.uniform(0.6, 1),
    });
  }
  const voice = { formantScale: scale, vibratoHz: 6, vibratoCents: 15, breath: 0.2, glideSeconds: 0.25 };
  const out = renderVoice(draw, syllables, { rate, ...voice, source: 'soft' }).slice(
    0,
    Math.round(seconds * rate),
  );
  return inRoom(out, { rate, seconds: 2, amount: 0.5 });
};

/** The place itself, without animals. */
const BACKGROUNDS = {
  wind: (draw: Draw, seconds: number, rate: number): Float32Array => {
    const out = filter(noise(draw, Math.round(seconds * rate), 'pink'), lowpass(rate, draw.ratio(400, 1600)));
    const gust = wander(draw, seconds, draw.ratio(0.3, 1));
    return shape(out, rate, (t) => 0.25 + gust(t));
  },
  leaves: (draw: Draw, seconds: number, rate: number): Float32Array => {
    const out = filter(noise(draw, Math.round(seconds * rate)), bandpass(rate, draw.ratio(2000, 5000), 0.6));
    const gust = wander(draw, seconds, draw.ratio(0.5, 2));
    return shape(out, rate, (t) => 0.15 + gust(t) * gust(t));
  },
  stream: (draw: Draw, seconds: number, rate: number): Float32Array => {
    const out = filter(noise(draw, Math.round(seconds * rate), 'pink'), highpass(rate, draw.ratio(250, 700)));
    // Bubbles: short tones that rise as the bubble closes.
    for (let bubbles = Math.round(seconds * draw.uniform(10, 40)); bubbles > 0; bubbles--) {
      const hz = draw.ratio(400, 2500);
      const own = strike(0.04, 0.002, 0.012);
      const bubble = tone({ rate, seconds: 0.04, hz: (t) => hz * (1 + 5 * t), amplitude: own });
      addAt(out, bubble, rate, draw.uniform(0, seconds), draw.uniform(0.5, 2));
    }
    return out;
  },
  rain: (draw: Draw, seconds: number, rate: number): Float32Array => {
    const out = filter(noise(draw, Math.round(seconds * rate)), highpass(rate, 1200));
    for (let drops = Math.round(seconds * draw.uniform(20, 80)); drops > 0; drops--) {
      const drop = filter(noise(draw, Math.round(0.012 * rate)), bandpass(rate, draw.ratio(1500, 6000), 2));
      addAt(out, drop, rate, draw.uniform(0, seconds), draw.uniform(1, 6));
    }
    return out;
  },
  surf: (draw: Draw, seconds: number, rate: number): Float32Array => {
    const out = filter(
      noise(draw, Math.round(seconds * rate), 'pink'),
      lowpass(rate, draw.ratio(1500, 5000)),
    );
    const period = draw.uniform(4, 8);
    const start = draw.uniform(0, 1);
    return shape(out, rate, (t) => 0.2 + Math.pow(Math.sin(Math.PI * (t / period + start)), 4));
  },
} as const;

type Background = keyof typeof BACKGROUNDS;

const HABITATS: readonly {
  readonly genre: string;
  readonly animals: readonly Animal[];
  readonly background: readonly Background[];
}[] = [
  { genre: 'songbirds, dawn', animals: [songbird, songbird, caller], background: ['wind', 'leaves'] },
  { genre: 'single songbird', animals: [songbird], background: ['wind', 'leaves', 'stream'] },
  { genre: 'stream with birds', animals: [songbird, caller], background: ['stream', 'rain'] },
  { genre: 'insect meadow', animals: [cicada, crickets], background: ['wind', 'leaves'] },
  { genre: 'frog pond', animals: [frogs, crickets], background: ['stream', 'wind', 'rain'] },
  { genre: 'calling birds', animals: [caller, caller], background: ['wind', 'surf', 'leaves'] },
  { genre: 'mammals at night', animals: [howler, crickets], background: ['wind', 'leaves'] },
  { genre: 'coast', animals: [caller], background: ['surf'] },
  { genre: 'night insects', animals: [crickets, crickets], background: ['leaves', 'wind'] },
];

/** A site: what stays the same in all of its recordings. */
export interface Site {
  readonly genre: string;
  readonly animals: readonly Animal[];
  readonly background: Background;
  /** Level of the background relative to the nearest animal, in dB. */
  readonly backgroundLevel: number;
}

/** The site of one group; `index` turns through the habitats so that a corpus holds all. */
export function drawSite(draw: Draw, index: number): Site {
  const habitat = HABITATS[index % HABITATS.length]!;
  return {
    genre: habitat.genre,
    animals: habitat.animals,
    background: draw.pick(habitat.background),
    backgroundLevel: draw.uniform(-16, 1),
  };
}

/** One recording of a site. Amplitude is arbitrary. */
export function renderSite(draw: Draw, site: Site, seconds: number, rate: number): Float32Array {
  const [nearest, ...others] = site.animals;
  const out = toLevel(nearest!(draw, seconds, rate), 0.1);
  for (const animal of others) addRelative(out, animal(draw, seconds, rate), draw.uniform(-14, -3));
  return addRelative(out, BACKGROUNDS[site.background](draw, seconds, rate), site.backgroundLevel);
}

/** A lone call every three seconds in a very quiet night: each excerpt holds more than 1 s of near-silence. */
export function renderLoneCall(draw: Draw, seconds: number, rate: number): Float32Array {
  const out = new Float32Array(Math.round(seconds * rate));
  const hz = draw.ratio(500, 900);
  const hoot = tone({ rate, seconds: 0.5, hz, amplitude: plateau(0.5, 0.05, 0.15), timbre: 'soft' });
  for (let at = 0.6; at < seconds; at += 2.8) addAt(out, hoot, rate, at);
  return addRelative(out, BACKGROUNDS.wind(draw, seconds, rate), -42);
}
