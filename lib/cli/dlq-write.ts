import type { RedriveProgress, RedriveReport } from '../../types/index.js'
import { chosenBroker } from './chosen-broker.js'
import { textOf, type Call, type Command, type ExitCode } from './command.js'
import { loadApp } from './load-app.js'
import { audited, writeJson, writeTable } from './output.js'
import { progressOf } from './progress.js'
import { numberOf, SELECTING, SELECTING_HELP, selectionOf } from './selecting.js'
import { UsageError } from './usage-error.js'

const NOTHING = 'select letters, as --topic orders; or write --all'

export const dlqRedrive: Command = {
  usage: 'faststream dlq redrive [app] selection|--all [--dry-run] [--rate 50] [--limit 1000] [--force] [--json]',
  help: `Publishes the messages of dead letters again, for the group that failed. Exit code 1: some letters stay. An
audit line on stderr has who and what.

${SELECTING_HELP}
  --all                      every letter that is open
  --dry-run                  publishes nothing, and says which messages would be valid now
  --rate, --limit            messages per second, and in all
  --force                    also those that were redriven or discarded`,
  options: {
    ...SELECTING,
    all: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    force: { type: 'boolean' },
    rate: { type: 'string' },
    limit: { type: 'string' }
  },
  run: redrive
}

export const dlqDiscard: Command = {
  usage: 'faststream dlq discard [app] selection|--all --reason "sent by a test" [--json]',
  help: `Marks dead letters as done. An audit line on stderr says who and why.\n\n${SELECTING_HELP}
  --all                      every letter that is open
  --reason                   why`,
  options: { ...SELECTING, all: { type: 'boolean' }, reason: { type: 'string' } },
  run: discard
}

async function redrive (call: Call): Promise<ExitCode> {
  const { values, positionals: [file], rest, out, signal } = call
  const selection = selectionOf(values)
  if (selection === undefined && values.all !== true) throw new UsageError(NOTHING)
  const options = {
    ...selection,
    dryRun: values['dry-run'] === true,
    force: values.force === true,
    rate: numberOf(values, 'rate'),
    limit: numberOf(values, 'limit'),
    signal
  }
  const app = await loadApp({ file, rest, connects: true })
  try {
    const broker = chosenBroker(app, values)
    const progress = progressOf(call)
    let sums: RedriveProgress = { looked: 0, redriven: 0, refused: 0 }
    const onProgress = (latest: RedriveProgress): void => {
      sums = latest
      progress.show(`${sums.looked} looked at, ${sums.redriven} redriven, ${sums.refused} refused`)
    }
    const work = async (): Promise<RedriveReport> => {
      return await broker.deadLetters.redrive({ ...options, onProgress }).finally(() => { progress.end() })
    }
    const facts = (report?: RedriveReport): object => (
      { broker: broker.name, selection, force: options.force, ...sums, stopped: report?.stopped })
    const report = options.dryRun ? await work() : await audited(call, 'dlq redrive', facts, work)
    const { refused, verdicts, redriven, looked, stopped } = report
    if (values.json === true) writeJson(out, report)
    else {
      const would = report.dryRun ? 'would be ' : ''
      out.write(`${redriven} ${would}redriven of ${looked}${stopped ? ', and stopped' : ''}\n`)
      const rows = [
        ...refused.map(({ reason, ...place }) => ({ ...place, says: `refused: ${reason}` })),
        ...verdicts.filter(({ valid }) => valid !== true).map(({ violation, valid, ...place }) => (
          { ...place, says: violation ?? 'no subscriber of this app would take it' }))
      ]
      if (rows.length > 0) {
        writeTable(out, ['letter', ''], rows.map(({ topic, partition, offset, says }) => [
          `${topic}:${partition}:${offset}`, says
        ]))
      }
    }
    return refused.length > 0 || stopped || verdicts.some(({ valid }) => valid === false) ? 1 : 0
  } finally {
    await app.close()
  }
}

async function discard (call: Call): Promise<ExitCode> {
  const { values, positionals: [file], rest, out } = call
  const selection = selectionOf(values)
  if (selection === undefined && values.all !== true) throw new UsageError(NOTHING)
  const reason = textOf(values, 'reason')
  if (reason === undefined) throw new UsageError('say why: --reason "sent by a test"')
  const app = await loadApp({ file, rest, connects: true })
  try {
    const broker = chosenBroker(app, values)
    const work = async (): Promise<{ discarded: number }> => {
      return await broker.deadLetters.discard({ ...selection, reason })
    }
    const facts = (done?: object): object => ({ broker: broker.name, selection, reason, ...done })
    const result = await audited(call, 'dlq discard', facts, work)
    if (values.json === true) writeJson(out, result)
    else out.write(`${result.discarded} discarded\n`)
    return 0
  } finally {
    await app.close()
  }
}
