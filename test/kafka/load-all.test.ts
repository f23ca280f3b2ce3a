import t from 'tap'
import coverageMap from '../coverage-map.js'

// Coverage counts only what was loaded: a file that no test imports would not be missed.
for (const file of coverageMap('test/kafka/load-all.test.ts')) {
  t.test(`${file} can be loaded`, async (t) => {
    t.ok(await import(`../../${file.replace(/ts$/, 'js')}`))
  })
}
