import { compareReading } from '../compare-reading.js'

// npm run bench -- batch [records] [rounds]
// Batches, against `eachBatch` of kafkajs by hand.

await compareReading(import.meta.url, process.argv.slice(2).map(Number))
