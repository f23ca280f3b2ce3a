import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin from '../../index.js'
import { startLocalKafka, testBroker } from '../../lib/testing/index.js'
import { resolveJars, userCache } from '../../lib/testing/local-kafka/jars.js'
import { served } from '../../lib/testing/local-kafka/java.js'
import { pomOf } from '../../lib/testing/local-kafka/pom.js'
import { isFree } from '../../lib/testing/local-kafka/ports.js'
import { startNode } from '../../lib/testing/local-kafka/start.js'
import { blocksOf } from '../docs/pages.js'

/** Changes the environment of this process for one test; undefined takes a variable away. */
function environment (t: Test, variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name]
    const set = (text: string | undefined): void => {
      if (text === undefined) delete process.env[name]
      else process.env[name] = text
    }
    set(value)
    t.teardown(() => { set(before) })
  }
}

/** Gives the process of a test these programs alone, beside what a shell needs, and an empty cache. */
function programs (t: Test, scripts: Readonly<Record<string, string>>): string {
  const [bin, cache] = [join(t.testdir({ bin: {}, cache: {} }), 'bin'), join(t.testdirName, 'cache')]
  for (const name of ['sh', 'ps', 'rm', 'mkdir', 'touch', 'sleep']) {
    symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(bin, name))
  }
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  environment(t, { PATH: bin, XDG_CACHE_HOME: cache, KAFKA_BROKERS: undefined, KAFKA_VERSION: undefined })
  return cache
}

/** Stands for Maven where the jars are not looked at. */
const MAVEN = 'for arg; do case $arg in -DoutputDirectory=*) IFS==; set -- $arg; mkdir $2; touch $2/a.jar ;; esac; done'

t.test('a Kafka is started and ended, and test brokers use it', async (t) => {
  // The jars of tools/kafka are used, which Maven has got in the same way.
  const kept = fileURLToPath(new URL('../../tools/kafka/.cache', import.meta.url))
  mkdirSync(kept, { recursive: true })
  const cache = t.testdir({ 'fastify-faststream': { kafka: t.fixture('symlink', kept) } })
  environment(t, { KAFKA_BROKERS: undefined, XDG_CACHE_HOME: cache })
  const kafka = await startLocalKafka()
  t.teardown(() => kafka.stop())
  // A cluster is slow at first.
  const app = Fastify({ pluginTimeout: 60_000 })
  await app.register(faststreamPlugin, { groupId: 'shop' })
  const invoices = app.broker.publisher('invoices')
  app.broker.subscriber('orders', { publish: invoices }, (order) => order)
  const broker = await testBroker(app, { brokers: kafka.brokers })
  await broker.track(() => broker.publish('orders', { id: '1' }), { timeout: 60_000 })
  broker.assertPublished(invoices, { value: { id: '1' }, times: 1 })
  await broker.close()
  await kafka.stop()
  await kafka.stop()
  t.equal(await isFree(Number(kafka.brokers[0]?.split(':')[1])), true, 'nothing listens there')
  let directory = ''
  {
    await using local = await startNode().then(({ stop, ...node }) => ({ ...node, [Symbol.asyncDispose]: stop }))
    directory = local.directory
    t.ok(existsSync(directory))
  }
  t.notOk(existsSync(directory), 'no data are left')
})

t.test('a cluster that runs already is used, and goes on', async (t) => {
  environment(t, { KAFKA_BROKERS: 'one:9092, two:9092' })
  await using kafka = await startLocalKafka()
  t.same(kafka.brokers, ['one:9092', 'two:9092'])
  environment(t, { KAFKA_BROKERS: 'one' })
  await t.rejects(startLocalKafka(), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'KAFKA_BROKERS' must be/ })
  await t.rejects(async () => { await Reflect.apply(startLocalKafka, undefined, [{}]) }, {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  })
})

t.test('the error says which program is missing, and what to install', async (t) => {
  programs(t, {})
  await t.rejects(startLocalKafka(), {
    code: 'FASTSTREAM_ERR_LOCAL_KAFKA', message: /mvn was not found: install Maven .* KAFKA_BROKERS$/
  })
  await t.test('Java', async (t) => {
    programs(t, { mvn: MAVEN })
    await t.rejects(startLocalKafka(), {
      code: 'FASTSTREAM_ERR_LOCAL_KAFKA', message: /java was not found: install Java 17 .* KAFKA_BROKERS$/
    })
  })
  await t.test('a shell', async (t) => {
    programs(t, {})
    const platform = Object.getOwnPropertyDescriptor(process, 'platform')
    t.teardown(() => { Object.defineProperty(process, 'platform', platform!) })
    Object.defineProperty(process, 'platform', { ...platform, value: 'win32' })
    await t.rejects(startLocalKafka(), { code: 'FASTSTREAM_ERR_LOCAL_KAFKA', message: /WSL.* KAFKA_BROKERS$/ })
  })
})

t.test('Maven that fails is told with what it says, and leaves nothing in the cache', async (t) => {
  const cache = programs(t, { mvn: 'echo no such release; exit 1' })
  await t.rejects(resolveJars(cache), { code: 'FASTSTREAM_ERR_LOCAL_KAFKA', message: /mvn failed:\nno such release$/ })
  t.equal(existsSync(join(cache, '4.1.2')), false)
})

t.test('two processes may fill the cache at once, each release has its own jars', async (t) => {
  const cache = programs(t, { mvn: MAVEN })
  t.same(await Promise.all([resolveJars(cache), resolveJars(cache)]), [join(cache, '4.1.2'), join(cache, '4.1.2')])
  environment(t, { KAFKA_VERSION: '3.9.1' })
  t.equal(await resolveJars(cache), join(cache, '3.9.1'))
  t.match([pomOf('3.9.1'), pomOf('4.1.2')], [/reload4j/, /log4j-core/])
  environment(t, { XDG_CACHE_HOME: undefined })
  t.match(userCache(), /\.cache\/fastify-faststream\/kafka$/)
})

t.test('a node that ends is told with its log, and leaves nothing behind', async (t) => {
  const directory = join(t.testdir({ tmp: {} }), 'tmp')
  await t.test('while it starts', async (t) => {
    environment(t, { TMPDIR: directory })
    programs(t, { mvn: MAVEN, java: 'case "$*" in *StorageTool*) ;; *) echo the port is taken; exit 1 ;; esac' })
    await t.rejects(startLocalKafka(), {
      code: 'FASTSTREAM_ERR_LOCAL_KAFKA', message: /the node ended:\nthe port is taken\n$/
    })
    t.equal(execFileSync('sh', ['-c', `echo ${directory}/*`], { encoding: 'utf8' }), `${directory}/*\n`)
  })
  await t.rejects(served(spawn('sleep', ['60']), 1), { message: /the node did not start within 1 ms/ })
  await t.rejects(served(spawn(`${directory}/nothing`)), { message: /the node could not be started \(.*ENOENT\)/ })
})

t.test('a port that is taken is not free', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  t.equal(await isFree((server.address() as AddressInfo).port), false)
})

t.test('the program of the documentation names the cluster to the tests that it runs', async (t) => {
  const program = blocksOf('docs/testing.md').find(({ language }) => language === 'js')?.code ?? ''
  // Within the package, so that its own name is found.
  const folder = mkdtempSync('.readme-kafka-')
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  writeFileSync(join(folder, 'on-kafka.mjs'), program)
  const env = { ...process.env, KAFKA_BROKERS: 'one:9092,two:9092' }
  const run = (code: string) => promisify(execFile)(
    process.execPath, [join(folder, 'on-kafka.mjs'), process.execPath, '-e', code], { env }
  )
  const { stdout } = await run('console.log(process.env.FASTSTREAM_TEST_BROKERS)')
  t.equal(stdout, 'one:9092,two:9092\n')
  await t.rejects(run('process.exit(3)'), { code: 3 })
})
