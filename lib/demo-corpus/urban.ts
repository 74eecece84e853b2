import type { Draw } from './synthesis/draw';
import { bandpass, filter, highpass, lowpass } from './synthesis/filters';
import { addAt, addRelative, plateau, strike, toLevel } from './synthesis/mix';
import { noise, wander } from './synthesis/noise';
import { inRoom } from './synthesis/room';
import { shape, tone } from './synthesis/tones';
import { renderVoice, VOWEL_NAMES, type Onset, type Syllable } from './synthesis/voice';

/** A sound source of the street, `round(seconds * rate)` samples of arbitrary level. */
type Source = (draw: Draw, seconds: number, rate: number) => Float32Array;

/** Distant traffic: dark noise that swells slowly. */
const rumble: Source = (draw, seconds, rate) => {
  const bed = filter(noise(draw, Math.round(seconds * rate), 'brown'), lowpass(rate, draw.ratio(300, 1500)));
  const hiss = filter(noise(draw, bed.length, 'pink'), lowpass(rate, draw.ratio(2000, 6000)));
  addRelative(bed, hiss, draw.uniform(-14, -4));
  const swell = wander(draw, seconds, 0.25);
  return shape(bed, rate, (t) => 0.5 + 0.8 * swell(t));
};

/** Vehicles that approach, pass and leave: level by 1/distance, pitch by Doppler shift. */
const passing: Source = (draw, seconds, rate) => {
  const out = new Float32Array(Math.round(seconds * rate));
  const cars = Math.max(1, Math.round(seconds / draw.uniform(3, 7)));
  for (let car = 0; car < cars; car++) {
    const nearest = (seconds * (car + draw.uniform(0.2, 0.8))) / cars;
    const speed = draw.uniform(8, 22);
    const distance = draw.uniform(3, 9);
    const away = (t: number): number => Math.hypot(distance, speed * (t - nearest));
    // Relative motion along the line of sight divides the pitch: f' = f / (1 + v_r / c).
    const doppler = (t: number): number => 1 / (1 + (speed * speed * (t - nearest)) / away(t) / 343);
    const near = (t: number): number => distance / away(t);
    const tyres = filter(noise(draw, out.length), bandpass(rate, draw.ratio(700, 1400), 0.6));
    addAt(out, shape(tyres, rate, near), rate, 0, draw.uniform(0.6, 1.2));
    const engine = draw.ratio(45, 140);
    const motor = tone({
      rate,
      seconds,
      hz: (t) => engine * doppler(t),
      amplitude: (t) => near(t) * (1 + 0.3 * Math.sin(2 * Math.PI * 0.5 * engine * t)),
      timbre: 'pulse',
      highest: engine * 1.1,
    });
    addAt(out, filter(motor, lowpass(rate, 1800)), rate, 0, draw.uniform(0.2, 0.8));
  }
  return out;
};

/** Horns: two or three held notes with many harmonics. */
const horns: Source = (draw, seconds, rate) => {
  const out = new Float32Array(Math.round(seconds * rate));
  const base = draw.ratio(280, 480);
  for (let at = draw.uniform(0, 1.5); at < seconds; at += draw.ratio(0.5, 3)) {
    const length = draw.ratio(0.15, 1.1);
    const own = plateau(length, 0.02, 0.04);
    for (const ratio of [1, 1.26, 1.5].slice(0, draw.integer(2, 3))) {
      addAt(out, tone({ rate, seconds: length, hz: base * ratio, amplitude: own, timbre: 'saw' }), rate, at);
    }
  }
  return filter(out, bandpass(rate, 1800, 0.5));
};

/** A siren: slow wail, quick yelp, or two steps. */
const siren: Source = (draw, seconds, rate) => {
  const low = draw.ratio(420, 700);
  const high = low * draw.uniform(1.4, 2.1);
  const kind = draw.pick(['wail', 'yelp', 'steps']);
  const cycle =
    kind === 'wail' ? draw.ratio(2.5, 5) : kind === 'yelp' ? draw.ratio(0.25, 0.4) : draw.ratio(0.9, 1.4);
  const course = (t: number): number => {
    const part = (t / cycle) % 1;
    if (kind === 'steps') return part < 0.5 ? low : high;
    return low * Math.pow(high / low, 0.5 - 0.5 * Math.cos(2 * Math.PI * part));
  };
  const near = wander(draw, seconds, 0.2);
  const out = tone({
    rate,
    seconds,
    hz: course,
    amplitude: (t) => 0.3 + near(t),
    timbre: 'reed',
    highest: high,
  });
  return inRoom(out, { rate, seconds: 1.2, amount: 0.4 });
};

/** Repeated blows on something that rings, this many per second (drawn between the two bounds). */
function blows(slowest: number, fastest: number, unsteadiness: number): Source {
  return (draw, seconds, rate) => {
    const hit = filter(noise(draw, Math.round(0.2 * rate)), highpass(rate, 400));
    shape(hit, rate, strike(0.2, 0.001, 0.012));
    for (let mode = 0; mode < 4; mode++) {
      const decay = draw.ratio(0.015, 0.06);
      const ring = { rate, seconds: 0.2, hz: draw.ratio(250, 5000), amplitude: strike(0.2, 0.001, decay) };
      addAt(hit, tone(ring), rate, 0, 0.5);
    }
    const out = new Float32Array(Math.round(seconds * rate));
    const period = 1 / draw.ratio(slowest, fastest);
    for (let at = draw.uniform(0, period); at < seconds; at += period) {
      addAt(out, hit, rate, at + draw.normal(0, unsteadiness * period), draw.uniform(0.6, 1));
    }
    return out;
  };
}

/** Ventilation: mains hum with harmonics, fan blades, and a band of rushing air. */
const ventilation: Source = (draw, seconds, rate) => {
  const mains = draw.pick([50, 60]) * 2;
  const out = tone({ rate, seconds, hz: mains, amplitude: 0.5, timbre: 'pulse' });
  filter(out, lowpass(rate, draw.ratio(300, 1200)));
  const air = filter(noise(draw, out.length, 'pink'), bandpass(rate, draw.ratio(300, 1500), 0.4));
  const blades = draw.ratio(6, 24);
  const depth = draw.uniform(0, 0.4);
  shape(air, rate, (t) => 1 + depth * Math.sin(2 * Math.PI * blades * t));
  return addRelative(out, air, draw.uniform(-4, 8));
};

/** One or two walkers. */
const footsteps: Source = (draw, seconds, rate) => {
  const out = new Float32Array(Math.round(seconds * rate));
  for (let walker = draw.integer(1, 2); walker > 0; walker--) {
    const pace = draw.uniform(1.6, 2.3);
    const sole = draw.ratio(500, 3000);
    for (let at = draw.uniform(0, 0.6); at < seconds; at += 1 / pace + draw.normal(0, 0.015)) {
      const step = filter(
        noise(draw, Math.round(0.09 * rate)),
        bandpass(rate, sole * draw.ratio(0.85, 1.18), 0.8),
      );
      addAt(out, shape(step, rate, strike(0.09, 0.002, 0.02)), rate, at, draw.uniform(0.6, 1));
      addAt(out, tone({ rate, seconds: 0.1, hz: 90, amplitude: strike(0.1, 0.003, 0.03) }), rate, at, 0.5);
    }
  }
  return inRoom(out, { rate, seconds: draw.uniform(0.3, 0.9), amount: 0.3 });
};

/** Many people talking at once: overlapped voices at speech rate, no words to be made out. */
const babble: Source = (draw, seconds, rate) => {
  const out = new Float32Array(Math.round(seconds * rate));
  for (let talker = draw.integer(5, 9); talker > 0; talker--) {
    const pitch = draw.ratio(95, 230);
    const syllables: Syllable[] = [];
    for (let at = 0; at < seconds; at += syllables.at(-1)!.seconds) {
      const pause = draw.chance(0.12);
      syllables.push({
        seconds: pause ? draw.uniform(0.2, 0.7) : draw.ratio(0.1, 0.3),
        hz: pitch * draw.ratio(0.8, 1.25),
        vowel: draw.pick(VOWEL_NAMES),
        onset: draw.pick<Onset>(['none', 'nasal', 'fricative', 'plosive']),
        level: pause ? 0 : draw.uniform(0.5, 1),
      });
    }
    const voice = renderVoice(draw, syllables, {
      rate,
      formantScale: pitch > 160 ? draw.uniform(1.05, 1.2) : draw.uniform(0.92, 1.05),
      vibratoHz: 5,
      vibratoCents: 0,
      breath: 0.1,
      glideSeconds: 0.06,
      source: 'saw',
    });
    addAt(out, voice, rate, 0, draw.uniform(0.4, 1));
  }
  return inRoom(out, { rate, seconds: draw.uniform(0.5, 1.5), amount: 0.5 });
};

/** A saw or grinder under changing load. */
const grinder: Source = (draw, seconds, rate) => {
  const speed = draw.ratio(180, 420);
  const load = wander(draw, seconds, 1.2);
  const out = tone({
    rate,
    seconds,
    hz: (t) => speed * (1 - 0.25 * load(t)),
    amplitude: (t) => 0.4 + load(t),
    timbre: 'pulse',
    highest: speed,
  });
  const sparks = filter(noise(draw, out.length), highpass(rate, 2500));
  return addRelative(
    out,
    shape(sparks, rate, (t) => 0.1 + load(t)),
    draw.uniform(-8, 2),
  );
};

/** Steel wheels: squeal over rolling noise. */
const tram: Source = (draw, seconds, rate) => {
  const out = filter(noise(draw, Math.round(seconds * rate), 'pink'), bandpass(rate, 350, 0.5));
  const swell = wander(draw, seconds, 0.3);
  const squeal = draw.ratio(1400, 3200);
  const drift = wander(draw, seconds, 2);
  const cry = tone({
    rate,
    seconds,
    hz: (t) => squeal * (0.97 + 0.06 * drift(t)),
    amplitude: (t) => Math.max(0, swell(t) - 0.4),
    timbre: 'triangle',
  });
  return addRelative(
    shape(out, rate, (t) => 0.4 + swell(t)),
    cry,
    draw.uniform(-8, 0),
  );
};

const SOURCES = {
  rumble,
  passing,
  horns,
  siren,
  jackhammer: blows(9, 18, 0.01),
  hammer: blows(1.5, 4, 0.06),
  ventilation,
  footsteps,
  babble,
  grinder,
  tram,
} as const;

type SourceName = keyof typeof SOURCES;

/** Kinds of street: what is always there, and what may come on top. */
const SCENES: readonly {
  readonly genre: string;
  readonly main: SourceName;
  readonly extra: readonly SourceName[];
}[] = [
  { genre: 'main road', main: 'passing', extra: ['rumble', 'horns', 'siren'] },
  { genre: 'construction site', main: 'jackhammer', extra: ['rumble', 'hammer', 'grinder'] },
  { genre: 'market square', main: 'babble', extra: ['footsteps', 'rumble', 'tram'] },
  { genre: 'emergency route', main: 'siren', extra: ['passing', 'rumble', 'horns'] },
  { genre: 'back yard with ventilation', main: 'ventilation', extra: ['rumble', 'footsteps', 'hammer'] },
  { genre: 'pedestrian street', main: 'footsteps', extra: ['babble', 'rumble', 'tram'] },
  { genre: 'tram stop', main: 'tram', extra: ['babble', 'passing', 'rumble'] },
  { genre: 'workshop', main: 'grinder', extra: ['hammer', 'ventilation', 'rumble'] },
  { genre: 'distant traffic', main: 'rumble', extra: ['passing', 'horns', 'ventilation'] },
];

/** A street: what stays the same in all of its recordings. */
export interface Street {
  readonly genre: string;
  readonly main: SourceName;
  readonly extra: readonly SourceName[];
  /** Level of the constant background below the main source, in dB. */
  readonly backgroundBelow: number;
}

/** The street of one group; `index` turns through the kinds so that a corpus holds all. */
export function drawStreet(draw: Draw, index: number): Street {
  const scene = SCENES[index % SCENES.length]!;
  return {
    genre: scene.genre,
    main: scene.main,
    extra: draw.shuffled(scene.extra).slice(0, draw.integer(1, 2)),
    backgroundBelow: draw.uniform(6, 16),
  };
}

/** One recording of a street. Amplitude is arbitrary. */
export function renderStreet(draw: Draw, street: Street, seconds: number, rate: number): Float32Array {
  const out = toLevel(SOURCES[street.main](draw, seconds, rate), 0.1);
  for (const name of street.extra) {
    addRelative(out, SOURCES[name](draw, seconds, rate), draw.uniform(-12, -2));
  }
  // A street is never silent between its events.
  return addRelative(out, rumble(draw, seconds, rate), -street.backgroundBelow);
}
