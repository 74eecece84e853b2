// Folds in which no speaker is on both sides: 120 recordings of 24 speakers, two classes.
//   npx tsx examples/folds.ts
import { splits } from 'stm-lab';

const rows = Array.from({ length: 120 }, (_, i) => {
  const speaker = i % 24;
  return {
    path: `speaker${speaker}/${i}.wav`,
    label: speaker < 16 ? 'tonal' : 'non-tonal',
    group: `speaker ${speaker}`,
  };
});
const split = splits.makeSplit({ rows, folds: 8, seed: 1 });

for (const { label, groups, byRole } of splits.balanceReport(split).classes)
  console.log(`${label}: ${groups} speakers; ${JSON.stringify(byRole)}`);
console.log(`speakers in more than one fold: ${splits.findLeaks(split).length}`);
