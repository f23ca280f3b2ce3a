import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { executablePath, hasChromium } from './chromium.js'

// npm run test:browser [-- <test files and options of tap>]: what the page of lib/asyncapi/page/ does in Chromium. It
// serves what `npm run build` made.

const args = process.argv.slice(2)
const files = args.some((arg) => !arg.startsWith('-'))
  ? []
  : readdirSync('test/browser').filter(
    (file) => file.endsWith('.test.ts')
  ).map((file) => `test/browser/${file}`)

if (hasChromium) {
  // Coverage is of what runs in Node: `npm test` has it.
  const tap = spawn(
    'tap',
    ['--timeout=120', '--jobs=1', '--disable-coverage', ...files, ...args],
    { stdio: ['ignore', 'inherit', 'inherit'] }
  )
  const [code] = await once(tap, 'exit') as [number | null]
  process.exitCode = code ?? 1
} else {
  console.log(`skipped: there is no Chromium at ${executablePath} (apt-get install chromium, or name one in CHROMIUM)`)
}
