import { compareReading } from '../compare-reading.js'

// npm run bench:consume [records] [rounds]
// One message at a time, against kafkajs by hand.

await compareReading(import.meta.url, process.argv.slice(2).map(Number))
