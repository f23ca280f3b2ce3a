import { writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import type { DeadLetter, DeadLetterEntry } from '../../types/index.js'
import { BROKER, BROKER_HELP, chosenBroker } from './chosen-broker.js'
import { textOf, type Call, type Command, type ExitCode } from './command.js'
import { membersOf } from '../members.js'
import { appOptionsOf } from './app-options.js'
import { exportOf, fileOf } from './find-app.js'
import { importApp } from './import-app.js'
import { loadApp } from './load-app.js'
import { shownBytes, writeJson, writeTable } from './output.js'
import { numberOf, placeOf, SELECTING, SELECTING_HELP, selectionOf } from './selecting.js'
import { testOf } from './test-of.js'
import { UsageError } from './usage-error.js'

const STATES = ['open', 'done', 'all'] as const

export const dlqList: Command = {
  usage: 'faststream dlq list [app] [selection] [--state open|done|all] [--limit 100] [--after place] [--json]',
  help: `Lists dead letters. Exit code 1: there are some.\n\n${SELECTING_HELP}
  --state                    open (neither redriven nor discarded), done, or all
  --limit, --after           a page, and where it begins`,
  options: { ...SELECTING, state: { type: 'string' }, limit: { type: 'string' }, after: { type: 'string' } },
  run: list
}

export const dlqShow: Command = {
  usage: 'faststream dlq show [app] --at orders.dlq:0:12 [--as-test tap|vitest [--out test/letter.test.js]] [--json]',
  help: `Shows one dead letter, and whether its message would be valid now. Exit code 1: it would not.

  --at orders.dlq:0:12       the letter
  --as-test tap|vitest       a test of the app that fails now, and passes when the fault is mended
  --out test/letter.test.js  the file of the test, which then imports the app from there; else the output
${BROKER_HELP}`,
  options: { ...BROKER, at: { type: 'string' }, 'as-test': { type: 'string' }, out: { type: 'string' } },
  run: show
}

async function list ({ values, positionals: [file], rest, out }: Call): Promise<ExitCode> {
  const state = STATES.find((each) => each === (textOf(values, 'state') ?? 'open'))
  if (state === undefined) throw new UsageError(`--state must be one of ${STATES.join(', ')}`)
  const query = { ...selectionOf(values), state, limit: numberOf(values, 'limit'), after: textOf(values, 'after') }
  const app = await loadApp({ file, rest, connects: true })
  try {
    const page = await chosenBroker(app, values).deadLetters.list(query)
    if (values.json === true) writeJson(out, page)
    else {
      writeTable(out, ['place', 'key', 'topic', 'group', 'stage', 'error', 'failed at'], page.letters.map(rowOf))
      if (page.next !== undefined) out.write(`more: --after ${page.next}\n`)
    }
    return page.letters.length === 0 ? 0 : 1
  } finally {
    await app.close()
  }
}

function rowOf ({ topic, partition, offset, rawKey, deadLetter, timestamp, damaged }: DeadLetterEntry): string[] {
  return [
    `${topic}:${partition}:${offset}`,
    shownBytes(rawKey).slice(0, 40),
    deadLetter?.topic ?? '-',
    deadLetter?.groupId ?? '-',
    deadLetter?.stage ?? (damaged ? 'damaged' : 'no dead letter'),
    deadLetter === undefined ? '-' : failureOf(deadLetter).slice(0, 80),
    (deadLetter?.failedAt ?? timestamp)?.toISOString() ?? '-'
  ]
}

function factsOf (letter: DeadLetter): ReadonlyArray<readonly [string, string]> {
  const { topic, partition, offset, groupId, subscriber, stage, attempts, trips } = letter
  return [
    ['message', `${topic}[${partition}] ${offset}`],
    ['failed in', `${groupId ?? '-'} ${subscriber ?? '-'}`],
    ['stage', `${stage}, attempts: ${attempts}, trips: ${trips}`],
    ['error', failureOf(letter)]
  ]
}

function failureOf ({ error: { name, code, message } }: DeadLetter): string {
  return [name, code, message].filter((each) => each !== undefined).join(' ')
}

async function show ({ values, positionals: [file], rest, out }: Call): Promise<ExitCode> {
  const at = textOf(values, 'at')
  if (at === undefined) throw new UsageError('name the letter: --at orders.dlq:0:12')
  const place = placeOf(at)
  const runner = textOf(values, 'as-test')
  if (runner !== undefined && runner !== 'tap' && runner !== 'vitest') {
    throw new UsageError('--as-test must be tap or vitest')
  }
  const to = textOf(values, 'out')
  if (to !== undefined && runner === undefined) throw new UsageError('--out is the file of a test: add --as-test tap')
  const app = await loadApp({ file, rest, connects: true })
  try {
    const letter = await chosenBroker(app, values).deadLetters.show(place)
    const { verdict, deadLetter, rawKey, rawValue, messageHeaders } = letter
    if (runner !== undefined) {
      if (deadLetter === undefined) throw new UsageError(`${at} has the headers of no dead letter`)
      const found = fileOf(file)
      const path = relative(to === undefined ? '.' : dirname(to), found).replaceAll('\\', '/')
      const module = path.startsWith('.') ? path : `./${path}`
      const exported = exportOf(found, membersOf(await importApp(found)))
      const text = testOf(letter, { topic: deadLetter.topic, runner, module, exported, options: appOptionsOf(rest) })
      if (to === undefined) out.write(text)
      else await writeFile(to, text)
    } else if (values.json === true) writeJson(out, letter)
    else {
      const facts: ReadonlyArray<readonly [string, string]> = [
        ...deadLetter === undefined ? [] : factsOf(deadLetter),
        ['key', shownBytes(rawKey)],
        ['value', shownBytes(rawValue)],
        ...messageHeaders.map(([name, value]) => [`header ${name}`, shownBytes(value)] as const),
        ['now', verdict.valid === true ? 'valid' : verdict.violation ?? 'no subscriber of this app would take it']
      ]
      writeTable(out, [at, letter.state], facts)
    }
    return verdict.valid === false ? 1 : 0
  } finally {
    await app.close()
  }
}
