import { compareReading } from '../compare-reading.js'

// npm run bench -- consume [records] [rounds] [plain | keys | deps | middleware | publish | floor]
// One message at a time, against kafkajs by hand. `keys`: in the order of keys, 16 at a time; `deps`: with a dependency
// per message; `middleware`: with one around each message; `publish`: the handler returns what is published; `floor`:
// the plugin's client with `JSON.parse` and Ajv, and no handler, which is the least that the plugin can cost.

const [records, rounds, variant] = process.argv.slice(2)
await compareReading(import.meta.url, [records, rounds].filter((n) => n !== undefined).map(Number), variant)
