import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fillTopic, runReader, type Result } from '../compare-reading.js'
import { OrderSchema } from '../order.js'
import { report } from '../report.js'
import { median, withKafka } from '../with-kafka.js'

// npm run bench -- peers [records] [rounds] [platformatic] [nestjs] [faststream]
// One message at a time: this plugin, and other libraries that do the same work. They are installed into
// bench/peers/.packages/ when the bench runs for the first time; FastStream needs Python 3.11 with pip. Compare with
// @platformatic/kafka over a million records: with fewer, what it has read before its first message counts.

const run = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))
const packages = `${here}.packages/`
const python = `${packages}python/`

const NODE = process.execPath
const PEERS: Readonly<Record<string, {
  readonly command: readonly [string, string]
  /** A line of the bench, where it cannot run. */
  readonly lack?: string | undefined
}>> = {
  platformatic: {
    command: [NODE, 'platformatic.js'],
    lack: isOlderThan(22, 22) ? '@platformatic/kafka needs Node.js 22.22 or later' : undefined
  },
  nestjs: {
    command: [NODE, 'nestjs.js'],
    lack: isOlderThan(22, 19) ? 'NestJS 12 needs Node.js 22.19 or later' : undefined
  },
  faststream: { command: ['python3', 'faststream_app.py'] }
}

const [records = 200_000, rounds = 3] = process.argv.slice(2).map(Number).filter((n) => !Number.isNaN(n))
const asked = process.argv.slice(2).filter((name) => name in PEERS)
const names = (asked.length > 0 ? asked : Object.keys(PEERS)).filter((name) => {
  const { lack } = PEERS[name]!
  if (lack !== undefined) console.log(`${name} is left out: ${lack}`)
  return lack === undefined
})

await install(names)
const topic = `bench-${Date.now()}`
await withKafka(async (brokers) => {
  await fillTopic(brokers, topic, records)
  const ratios = new Map(names.map((name) => [name, { speed: [] as number[], cpu: [] as number[] }]))
  console.log(`${records} records in 3 partitions, Node.js ${process.version}\n`)
  console.log('round   program                  msg/s   CPU µs/msg')
  for (let round = 1; round <= rounds; round++) {
    const args = [brokers.join(), topic, `${topic}-${round}`, String(records), 'plain']
    const ours = await runReader(new URL('../consume/faststream.ts', import.meta.url), args)
    tell(round, 'fastify-faststream', ours)
    for (const name of names) {
      const theirs = await read(brokers, name, round)
      tell(round, name, theirs)
      ratios.get(name)!.speed.push(theirs.seconds / ours.seconds)
      ratios.get(name)!.cpu.push(theirs.cpu / ours.cpu)
    }
  }
  report(Object.fromEntries([...ratios].flatMap(([name, { speed, cpu }]) => [
    [`${name}, speed`, median(speed)], [`${name}, cpu`, median(cpu)]
  ])))
})

function tell (round: number, name: string, { seconds, cpu }: Result): void {
  const [perSecond, perMessage] = [(records / seconds).toFixed(0), (cpu / records).toFixed(1)]
  console.log(`${round}       ${name.padEnd(20)} ${perSecond.padStart(9)} ${perMessage.padStart(12)}`)
}

async function read (brokers: string[], name: string, round: number): Promise<Result> {
  const [command, program] = PEERS[name]!.command
  const task = JSON.stringify({ brokers, topic, groupId: `${topic}-${name}-${round}`, schema: OrderSchema, records })
  const { stdout } = await run(command, [program, task], {
    cwd: packages, env: { ...process.env, PYTHONPATH: python }, timeout: 600_000
  })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Result
}

/** Installs what is not there yet, without install scripts, and puts the programs beside it. */
async function install (names: readonly string[]): Promise<void> {
  mkdirSync(packages, { recursive: true })
  writeFileSync(`${packages}package.json`, JSON.stringify({ private: true, type: 'module' }))
  const wanted = [
    'ajv@8', 'kafkajs@2', '@platformatic/kafka@2', '@nestjs/common@12', '@nestjs/core@12',
    '@nestjs/microservices@12', 'reflect-metadata', 'rxjs'
  ]
  if (!existsSync(`${packages}node_modules`)) {
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...wanted], { cwd: packages })
  }
  if (names.includes('faststream') && !existsSync(python)) {
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', python, 'faststream[kafka]==0.7.*'])
  }
  for (const file of ['meter.js', ...Object.values(PEERS).map(({ command: [, program] }) => program)]) {
    copyFileSync(here + file, packages + file)
  }
}

/** Whether this Node.js is older. */
function isOlderThan (major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = process.versions.node.split('.').map(Number)
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}
