import type { FastifyInstance } from 'fastify'
import { codeOf } from '../../members.js'
import { reasonOf } from '../../to-error.js'
import type { Call, Command, ExitCode } from '../command.js'
import { loadApp } from '../load-app.js'
import { writeJson } from '../output.js'
import { UsageError } from '../usage-error.js'
import { durability } from './durability.js'
import type { Rule } from './finding.js'
import { clashingGroups, memberTimes, offsetsRetention } from './groups.js'
import { lookAt, type Verdict } from './look.js'
import { deadLetterTopics, retentionOfRetries } from './retention.js'
import { leaderless, missingPartitions, missingTopics } from './topics.js'

/** What an app needs to start. */
const NEEDED: readonly Rule[] = [missingTopics, missingPartitions, leaderless, memberTimes, clashingGroups]
/** What a cluster must keep, so that the app can keep its promises. */
const KEPT: readonly Rule[] = [durability, retentionOfRetries, deadLetterTopics, offsetsRetention]

const EXIT = `Exit code 0: nothing was found; 1: something was; 2: the cluster did not tell all of it.
Each finding has what is so, why it matters and what to do. No group is joined, and nothing is written.`

export const check: Command = {
  usage: 'faststream check [app] [--json] [-- options of the app]',
  help: `Tells whether an app can start and read on its cluster, as before a deployment: its options and schemas, the
API versions of the nodes, rights, topics, partitions and their leaders, times of members, and groups that others use.
${EXIT}`,
  options: {},
  run: (call) => run(call, NEEDED)
}

export const doctor: Command = {
  usage: 'faststream doctor [app] [--json] [-- options of the app]',
  help: `Tells whether the cluster keeps what the app promises: all that check looks at, and replicas,
min.insync.replicas and unclean elections against acks=all, retention against retries, the topics of dead letters, and
the retention of offsets. It needs the right DescribeConfigs on the topics and on the cluster.
${EXIT}`,
  options: {},
  run: (call) => run(call, [...NEEDED, ...KEPT])
}

async function run ({ values, positionals: [file], rest, out }: Call, rules: readonly Rule[]): Promise<ExitCode> {
  const verdict = await verdictOf(() => loadApp({ file, rest, connects: false }), rules)
  if (values.json === true) writeJson(out, verdict)
  else out.write(textOf(verdict))
  if (verdict.findings.length > 0) return 1
  return verdict.untold.length > 0 ? 2 : 0
}

async function verdictOf (load: () => Promise<FastifyInstance>, rules: readonly Rule[]): Promise<Verdict> {
  let app: FastifyInstance
  try {
    app = await load()
  } catch (error) {
    if (error instanceof UsageError || !String(codeOf(error)).startsWith('FASTSTREAM_ERR_')) throw error
    const [why, cure] = ['the app does not start', 'correct the declaration that the message names']
    const finding = { broker: '-', rule: 'options', where: String(codeOf(error)), what: reasonOf(error), why, cure }
    return { findings: [finding], untold: [] }
  }
  try {
    return await lookAt(app, rules)
  } finally {
    await app.close()
  }
}

function textOf ({ findings, untold }: Verdict): string {
  const many = new Set([...findings, ...untold].map(({ broker }) => broker)).size > 1
  const of = (broker: string): string => many ? `broker '${broker}', ` : ''
  const found = findings.map(({ broker, rule, where, what, why, cure }) => (
    `${rule}: ${of(broker)}${where}\n  what: ${what}\n  why:  ${why}\n  do:   ${cure}\n`))
  const unknown = untold.map(({ broker, what }) => `could not tell: ${of(broker)}${what}\n`)
  const sum = findings.length === 0 && untold.length === 0 ? 'nothing was found\n' : `${findings.length} found\n`
  return [...found, ...unknown, sum].join('\n')
}
