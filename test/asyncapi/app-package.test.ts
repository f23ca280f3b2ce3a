import t from 'tap'
import { appPackage } from '../../lib/asyncapi/document/app-package.js'
import { createDocument } from '../../lib/asyncapi/document/document.js'
import { normaliseAsyncapi } from '../../lib/asyncapi/settings.js'

t.test('title and version are those of the package that runs', async (t) => {
  const folder = t.testdir({
    'package.json': '{ "name": "shop", "version": "1.4.0" }',
    dist: { 'package.json': '{ "type": "module" }' },
    broken: { 'package.json': '{ "name":' },
    list: { 'package.json': '[]' },
    empty: { 'package.json': '{ "name": "", "version": 7 }' },
    unversioned: { 'package.json': '{ "name": "other" }' },
    node_modules: { tool: { 'package.json': '{ "name": "tool" }' } }
  })
  const shop = { name: 'shop', version: '1.4.0' }
  for (const started of [
    'server.js', 'dist/server.js', 'broken/server.js', 'list/server.js', 'empty/server.js', 'absent/server.js'
  ]) {
    t.same(appPackage(`${folder}/${started}`, '/'), shop, started)
  }
  t.same(appPackage(`${folder}/node_modules/tool/bin.js`, folder), shop, 'a tool is not the app')
  t.same(appPackage('', `${folder}/dist`), shop)
  t.same(appPackage(`${folder}/unversioned/server.js`), { name: 'other' })
  t.same(appPackage('/server.js', '/'), {}, 'there may be none')
  const args = process.argv.splice(1)
  t.teardown(() => { process.argv.push(...args) })
  t.match(appPackage(), { name: 'fastify-faststream' }, 'as in a REPL, where no file was started')
  const described = [{
    name: 'default',
    clientId: 'client',
    includeInSchema: true,
    replyTopic: 'replies.client',
    servers: [{ name: 'default', secure: false, host: undefined, authentication: undefined }] as const,
    topicConfig: undefined,
    subscribers: [],
    publishers: []
  }]
  const settings = normaliseAsyncapi({ info: { description: 'Of a shop' } })
  t.same(createDocument(described, settings, shop).document.info, {
    title: 'shop', version: '1.4.0', description: 'Of a shop'
  })
  t.match(createDocument(described, settings, { name: 'other' }).document.info, { title: 'other', version: '0.0.0' })
  t.match(createDocument(described, settings, {}).document.info, { title: 'client', version: '0.0.0' })
})
