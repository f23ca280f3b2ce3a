import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import ts from 'typescript'

// The rooms of lib/ from top to bottom. A file imports from its own floor and from lower ones, types included.
const FLOORS = [
  ['plugin.ts'],
  ['asyncapi', 'testing', 'cli', 'observe', 'dead-letter-routes'],
  ['broker'],
  ['request', 'dead-letters'],
  ['middleware'],
  ['consume'],
  ['produce'],
  ['message'],
  ['schema', 'deps'],
  ['codec', 'options'],
  ['transport'],
  ['scope.ts', 'events.ts', 'for-clients.ts', 'missing-rights.ts', 'shown.ts', 'sealed.ts'],
  ['clock.ts', 'light-signal.ts', 'errors.ts', 'errors', 'log.ts', 'memory-budget.ts'],
  ['create-bounded.ts'],
  ['bounded-error.ts', 'bounded-value.ts', 'foreign-text.ts'],
  [
    'call-stack.ts', 'context.ts', 'is-promise.ts', 'loopback.ts', 'members.ts', 'module-url.ts', 'sasl.ts',
    'symbols.ts', 'to-error.ts', 'utf8.ts'
  ],
  ['types']
]
/** Rooms that other rooms enter through these files only. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  transport: ['transport.ts', 'create.ts', 'balance.ts', 'topic-partition.ts'],
  'transport/kafka': ['index.ts', 'wire.ts', 'environment.ts'],
  'transport/memory': ['index.ts'],
  'transport/kafkajs': ['index.ts']
}
/** What may use Fastify itself; types of Fastify may be named wherever they are needed above consume/. */
const ABOVE = ['asyncapi\\/(site|publish|routes)', 'observe\\/(health|observe)', 'dead-letter-routes', 'cli']
const FASTIFY = new RegExp(`^(plugin|scope|schema\\/|deps\\/http|broker\\/decorators|${ABOVE.join('|')})`)

interface Import { readonly from: string, readonly to: string, readonly type: boolean }

const files = [
  ...readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('asyncapi/page/') && !file.startsWith('asyncapi/site/static')
  ).map((file) => `lib/${file}`),
  ...readdirSync('types').filter((file) => !file.endsWith('.test-d.ts')).map((file) => `types/${file}`)
]
const imports = files.flatMap(importsOf)

function importsOf (file: string): Import[] {
  const source = readFileSync(file, 'utf8')
  return ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => ({
    from: file.replace(/^lib\//, ''),
    to: fileName.startsWith('.')
      ? join(
        dirname(file), fileName
      ).replace(/\.js$/, '.ts').replace(/^lib\//, '')
      : fileName,
    type: isOfTypes(source, fileName)
  }))
}

/** Whether each import of a module names types only. */
function isOfTypes (source: string, module: string): boolean {
  const imports = [...source.matchAll(
    /^(?:import|export) (.*?) from '(.*?)'$/gms
  )].filter(([,, from]) => from === module)
  const names = imports.map(([, clause = '']) => clause)
  return names.length > 0 && names.every(
    (clause) => clause.startsWith('type ') || /^\{(\s*type [^,]+,?)+\s*\}$/.test(clause)
  )
}

function floorOf (file: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(file) || rooms.includes(file.split('/')[0] as string))
}

t.test('every file has a floor', async (t) => {
  t.same(files.map((file) => file.replace(/^lib\//, '')).filter((file) => floorOf(file) === -1), [])
})

t.test('arrows point down', async (t) => {
  const up = imports.filter(({ from, to }) => floorOf(to) !== -1 && floorOf(to) < floorOf(from))
  t.same(up.map(({ from, to }) => `${from} → ${to}`).sort(), [])
})

t.test('a transport is entered through its contract', async (t) => {
  for (const [room, doors] of Object.entries(DOORS)) {
    const entered = imports.filter(
      ({ from, to }) => dirname(to).startsWith(room) && !from.startsWith(`${room}/`) && !from.startsWith(
        'transport/kafka'
      )
    )
    const inside = entered.filter(({ to }) => dirname(to) === room)
    t.same(
      inside.filter(({ to }) => !doors.includes(to.slice(room.length + 1))).map(({ from, to }) => `${from} → ${to}`),
      [],
      room
    )
  }
})

t.test('imports of rooms are acyclic', async (t) => {
  const room = (file: string): string => file.includes('/') ? file.split('/')[0] as string : file
  const arrows = new Map<string, Set<string>>()
  for (const { from, to } of imports) {
    if (floorOf(to) === -1 || room(from) === room(to)) continue
    arrows.set(room(from), (arrows.get(room(from)) ?? new Set()).add(room(to)))
  }
  const reaches = (from: string, goal: string, seen = new Set<string>()): boolean => [...arrows.get(from) ?? []].some(
    (next) => next === goal || (!seen.has(next) && reaches(next, goal, seen.add(next)))
  )
  t.same([...arrows.keys()].filter((name) => reaches(name, name)), [])
})

t.test('imports of values between files of one room are acyclic', async (t) => {
  const values = new Map<string, string[]>()
  for (const { from, to, type } of imports) {
    if (!type && floorOf(to) !== -1) values.set(from, [...values.get(from) ?? [], to])
  }
  const reaches = (from: string, goal: string, seen = new Set<string>()): boolean => (values.get(from) ?? []).some(
    (next) => next === goal || (!seen.has(next) && reaches(next, goal, seen.add(next)))
  )
  t.same([...values.keys()].filter((file) => reaches(file, file)), [])
})

t.test('Fastify is used in its own places, and its types not below message/', async (t) => {
  const fastify = imports.filter(
    ({ from, to }) => /^(fastify|@fastify\/(?!error))/.test(to) && !from.startsWith('types/')
  )
  t.same(fastify.filter(({ type, from }) => !type && !FASTIFY.test(from)).map(({ from, to }) => `${from} → ${to}`), [])
  t.same(
    fastify.filter(
      ({ from }) => /^(consume|produce|transport|codec)\//.test(from)
    ).map(({ from, to }) => `${from} → ${to}`),
    []
  )
})

t.test('only the wire knows kafkajs, and nothing public names it', async (t) => {
  t.same(
    imports.filter(
      ({ from, to }) => to.startsWith('kafkajs') && !from.startsWith('transport/kafkajs/')
    ).map(({ from }) => from),
    []
  )
})
