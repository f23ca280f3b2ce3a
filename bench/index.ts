import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chart, type Recorded } from './chart.js'

// npm run bench                        the names
// npm run bench -- <name> [arguments]  one bench; its first lines say what its arguments are
// npm run bench -- check [names]       all benches of recorded.json, or those: fails when a ratio is below 85 %
// npm run bench -- chart               draws recorded.json as docs/speed.svg

const LEAST = 0.85

type Ratios = Readonly<Record<string, number>>

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder).filter((name) => existsSync(`${folder}${name}/index.ts`))
const [name, ...args] = process.argv.slice(2)

if (name === 'check') process.exitCode = await check(args)
else if (name === 'chart') writeFileSync(`${folder}../docs/speed.svg`, chart(readRecorded()))
else if (name !== undefined && names.includes(name)) process.exitCode = (await run(name, args)).code
else {
  console.log(`npm run bench -- <name>: ${names.join(', ')}, check, chart`)
  process.exitCode = name === undefined ? 0 : 1
}

/** Runs a bench, whose output is shown. Resolves to its last line of ratios, too. */
async function run (name: string, args: readonly string[]): Promise<{ code: number, ratios: Ratios }> {
  const command = ['--import', 'tsx', `${folder}${name}/index.ts`, ...args]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk)
    output += String(chunk)
  })
  const [code] = await once(child, 'close') as [number | null]
  const last = output.trimEnd().split('\n').findLast((line) => line.startsWith('{"ratios"'))
  return { code: code ?? 1, ratios: last === undefined ? {} : JSON.parse(last).ratios }
}

/** Runs what is recorded, and compares. Resolves to the exit code. */
async function check (only: readonly string[]): Promise<number> {
  const rows: Array<Record<string, unknown>> = []
  for (const [bench, { args, ratios: expected }] of Object.entries(readRecorded())) {
    const [name = ''] = bench.split(' ')
    if (only.length > 0 && !only.includes(name)) continue
    const { ratios } = await run(name, args)
    for (const [ratio, before] of Object.entries(expected)) {
      const now = ratios[ratio] ?? NaN
      rows.push({ bench, ratio, before, now, isFine: now >= before * LEAST })
    }
  }
  console.table(rows)
  return rows.length > 0 && rows.every(({ isFine }) => isFine) ? 0 : 1
}

function readRecorded (): Recorded {
  return JSON.parse(readFileSync(`${folder}recorded.json`, 'utf8')) as Recorded
}
