import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/* Runs an example by name, `npm run example shop`: in memory, or on the cluster that KAFKA_BROKERS names. */

const [name = ''] = process.argv.slice(2)
const names = readdirSync('examples')
const program = ['server.ts', 'server.js'].map((file) => `examples/${name}/${file}`).find((path) => existsSync(path))
if (names.includes(name) && program !== undefined) {
  await import(pathToFileURL(resolve(program)).href)
} else {
  console.error(`npm run example <name>, one of ${names.join(', ')}`)
  process.exitCode = 1
}
