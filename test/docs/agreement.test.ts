import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import ts from 'typescript'
import { Events } from '../../lib/events.js'
import { describeDeadLetterHeaders } from '../../lib/message/dead-letter-described.js'
import { DEAD_LETTER_STAGES } from '../../lib/message/dead-letter-headers.js'
import { testBroker } from '../../lib/testing/index.js'
import { logLines } from '../support/log-lines.js'
import { build } from '../support/plugin-app.js'
import { PAGES } from './pages.js'

/* Lists that stand in several places: in the code, in the types, in the documentation, in the AsyncAPI document. */

const LIB = readdirSync('lib', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(`lib/${file}`, 'utf8') }))

/** The members of an interface, and the union behind a type or a member: `SubscriberHealth`, `FailureStage`. */
function declarationIn (file: string, name: string): ts.InterfaceDeclaration | ts.TypeAliasDeclaration {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const found = source.statements.find((statement): statement is ts.InterfaceDeclaration | ts.TypeAliasDeclaration => {
    const isDeclaration = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
    return isDeclaration && statement.name.text === name
  })
  if (found === undefined) throw new Error(`${file} has no ${name}`)
  return found
}

function membersOf (file: string, name: string): ts.PropertySignature[] {
  const declaration = declarationIn(file, name)
  return ts.isInterfaceDeclaration(declaration) ? declaration.members.filter(ts.isPropertySignature) : []
}

function namesOf (file: string, name: string): string[] {
  return membersOf(file, name).map(({ name }) => name.getText().replaceAll("'", ''))
}

function textsOf (type: ts.Node | undefined): string[] {
  return [...(type?.getText() ?? '').matchAll(/'([^']+)'/g)].map(([, text = '']) => text)
}

/** The texts that a member of an interface may have. */
function unionOf (file: string, name: string, member: string): string[] {
  return textsOf(membersOf(file, name).find((each) => each.name.getText() === member)?.type)
}

/** The texts in code of the first line of a page that begins so. */
function codeIn (page: string, begin: string): string[] {
  const line = PAGES.get(page)?.split('\n').find((line) => line.startsWith(begin)) ?? ''
  return [...line.slice(begin.length).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

const sorted = (list: Iterable<string>): string[] => [...new Set(list)].sort()

t.test('dead-letter stages are the same in code, types, documentation and AsyncAPI document', async (t) => {
  const stages = sorted(DEAD_LETTER_STAGES)
  const type = declarationIn('types/message-events.ts', 'FailureStage')
  const thrown = ts.isTypeAliasDeclaration(type) ? textsOf(type.type) : []
  t.same(sorted(thrown.filter((stage) => stage !== 'handler')), stages, 'an attempt fails in one more: handler')

  const member = membersOf('types/dead-letter.ts', 'DeadLetter').find(({ name }) => name.getText() === 'stage')
  const [comment = ''] = /\/\*\*.*?\*\//s.exec(member?.getFullText() ?? '') ?? []
  t.same(sorted([...comment.matchAll(/`([^`]+)`/g)].map(([, stage = '']) => stage)), stages, 'comment of the type')
  t.same(sorted(codeIn('docs/subscribing.md', '| `stage` |')), stages, 'docs/subscribing.md')
  const page = PAGES.get('docs/dead-letters.md') ?? ''
  const [, row = ''] = /\| `x-dlq-stage` \| always \| [^:]*: (.*) \|/.exec(page) ?? []
  t.same(sorted(row.split(', ')), stages, 'docs/dead-letters.md')

  const app = await build(t, { groupId: 'shop' })
  app.broker.subscriber('orders', () => {})
  await testBroker(app)
  const { headers } = (app.asyncapi() as any).components.messages.DeadLetter
  t.same(sorted(headers.properties['x-dlq-stage'].enum), stages, 'AsyncAPI document')
  t.same(headers, describeDeadLetterHeaders())
})

t.test('docs/subscribing.md has each member of message.deadLetter', async (t) => {
  const [, table = ''] = /\| `message\.deadLetter` \| \|\n\|---\|---\|\n(.*?)\n\n/s.exec(
    PAGES.get('docs/subscribing.md') ?? '') ?? []
  const names = table.split('\n').flatMap((row) => row.split('|')[1]?.match(/\w+/g) ?? [])
  t.same(sorted(names), sorted(namesOf('types/dead-letter.ts', 'DeadLetter')))
  const [, error = ''] = /^\| `error` \| `\{(.*?)\}`/m.exec(PAGES.get('docs/subscribing.md') ?? '') ?? []
  const own = ['DeadLetterCause', 'DeadLetterError'].flatMap((name) => namesOf('types/dead-letter.ts', name))
  t.same(sorted(error.match(/\w+/g) ?? []), sorted(own))
})

t.test('health states are the same in code, types and documentation', async (t) => {
  const states = sorted(unionOf('types/health.ts', 'SubscriberHealth', 'state'))
  t.equal(states.length, 7)
  const documented = codeIn('docs/operations.md', '| `state` |').filter((code) => /^[a-z]+$/.test(code))
  t.same(sorted(documented), states, 'docs/operations.md')
  const entered = LIB.filter(({ file }) => file.startsWith('consume/group/')).flatMap(({ text }) => {
    return [...text.matchAll(/(?:enter\(|#state: State = |&& paused \? )'(\w+)'/g)].map(([, state = '']) => state)
  })
  t.same(sorted(entered), states, 'lib/consume/group')

  const ofBroker = sorted(unionOf('types/health.ts', 'BrokerHealth', 'state'))
  const [, section = ''] = /\n## Health\n(.*?)\n## /s.exec(PAGES.get('docs/operations.md') ?? '') ?? []
  t.same(ofBroker.filter((state) => !section.includes(`\`${state}\``)), [], 'docs/operations.md leaves out none')
  const isBroker = (file: string) => file.startsWith('broker/') && file !== 'broker/background-task.ts'
  const set = LIB.filter(({ file }) => isBroker(file)).flatMap(({ text }) => {
    return [...text.matchAll(/\bstate(?:: BrokerHealth\['state'\])? = '(\w+)'/g)].map(([, state = '']) => state)
  })
  t.same(sorted(set), ofBroker, 'lib/broker')

  const ofTasks = sorted(unionOf('types/health.ts', 'BackgroundHealth', 'state'))
  const { text: tasks = '' } = LIB.find(({ file }) => file === 'broker/background-task.ts') ?? {}
  const assigned = tasks.matchAll(/\bstate(?:: BackgroundHealth\['state'\])? = '(\w+)'/g)
  const ofEach = Array.from(assigned, ([, state = '']) => state)
  t.same(sorted(ofEach), ofTasks, 'lib/broker/background-task.ts')
  const page = PAGES.get('docs/lifecycle.md') ?? ''
  t.same(ofTasks.filter((state) => !page.includes(`\`${state}\``)), [], 'docs/lifecycle.md leaves out none')
})

t.test('events are the same in code, types and documentation, and each is emitted', async (t) => {
  const channels = sorted(namesOf('types/events.ts', 'FaststreamChannels'))
  const { text: source = '' } = LIB.find(({ file }) => file === 'events.ts') ?? {}
  const created = [...source.matchAll(/new EventSource\('([^']+)'/g)].map(([, name = '']) => name)
  t.same(sorted(created), channels, 'lib/events.ts')
  const documented = [...(PAGES.get('docs/events.md') ?? '').matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) => {
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
  })
  t.same(sorted(documented), channels, 'docs/events.md')

  const { identity, around, ...sources } = new Events('default', logLines())
  const code = LIB.map(({ text }) => text).join('\n')
  const silent = Object.keys(sources).filter((name) => !new RegExp(`\\b${name}\\b[^\\n]*\\.emit\\(`).test(code))
  t.same(silent, [], 'nothing emits them')
})

t.test('outcomes of messages are the same in types and documentation', async (t) => {
  const outcomes = sorted(unionOf('types/message-events.ts', 'MessageSettledEvent', 'outcome'))
  t.same(sorted(codeIn('docs/events.md', '| `faststream.message.settled` |')), outcomes)
  const settled = LIB.filter(({ file }) => file.startsWith('consume/')).flatMap(({ text }) => {
    return [...text.matchAll(/(?:settle\(|outcome: Settlement = )'([\w-]+)'/g)].map(([, outcome = '']) => outcome)
  })
  t.same(sorted(settled), outcomes, 'lib/consume')
})

t.test('tracing channels are the same in code and documentation', async (t) => {
  const code = LIB.flatMap(({ text }) => {
    return [...text.matchAll(/tracingChannel\('([^']+)'\)/g)].map(([, name]) => name)
  })
  const documented = [...(PAGES.get('docs/events.md') ?? '').matchAll(/`tracing:([\w.]+)`/g)].map(([, name]) => name)
  t.same([...new Set(documented)].sort(), [...new Set(code)].sort())
  t.equal(code.length, 2)
})
