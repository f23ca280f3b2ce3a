import t from 'tap'
import { simulate } from './run.js'

// `.ci/run` simulates 3000 of them.
const SEEDS = 100

// They take 8 s on a core of its own, and much longer on one that is shared.
t.setTimeout(300_000)

t.test(`${SEEDS} seeds: what was promised was kept`, { timeout: 300_000 }, async (t) => {
  let taken = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { wrong, withdrawn } = await simulate({ seed })
    taken += withdrawn
    if (wrong.length > 0) t.fail(`seed ${seed}`, { wrong })
  }
  t.ok(taken > 50, 'results were taken back behind some that failed')
})
