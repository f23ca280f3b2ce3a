import t, { type Test } from 'tap'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { BLANK, listen, shoot, visit } from './fixture.js'
import { shop } from './shop.js'

async function works (t: Test, url: string): Promise<void> {
  const { page, problems } = await visit(t, url)
  t.match(await page.locator('h1').innerText(), 'Shop', url)
  t.equal(
    await page.evaluate(() => getComputedStyle(document.querySelector('.action') as Element).borderRadius),
    '5px',
    'with its style'
  )
  t.ok(
    (await page.request.get(await page.getByRole('link', { name: 'YAML' }).evaluate(
      (link) => (link as HTMLAnchorElement).href
    ))).ok(),
    'with its links'
  )
  t.same(problems, [])
}

/** Takes '/team/shop' off the addresses, as an ingress does. */
async function proxy (t: Test, target: string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '/' } = incoming
    if (!url.startsWith('/team/shop/')) { outgoing.writeHead(404).end(); return }
    incoming.pipe(request(new URL(url.slice('/team/shop'.length), target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    }))
  })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/team/shop`
}

t.test('with and without a slash behind it, also behind a proxy that strips a path', async (t) => {
  const { url } = await listen(t, await shop())
  const stripped = await proxy(t, url)
  for (const base of [url, stripped]) {
    for (const path of ['/asyncapi', '/asyncapi/', '/asyncapi?theme=1#/operations/priceOrder']) {
      await works(t, base + path)
    }
  }
  const lenient = await listen(t, await shop({}, { routerOptions: { ignoreTrailingSlash: true } }))
  for (const path of ['/asyncapi', '/asyncapi/']) await works(t, lenient.url + path)
})

t.test('under a prefix, and where the option says', async (t) => {
  const app = Fastify()
  await app.register(
    async (scope) => {
      await scope.register(faststreamPlugin, { asyncapi: { routePrefix: '/docs/topics', info: { title: 'Shop' } } })
    },
    { prefix: '/v1' }
  )
  const { url } = await listen(t, app)
  const { page, problems } = await visit(t, `${url}/v1/docs/topics`)
  t.match(await page.locator('h1').innerText(), 'Shop')
  t.same(problems, [])
  const { url: root } = await listen(t, await shop({ routePrefix: '' }))
  await works(t, `${root}/`)
})

t.test('with @fastify/helmet before or after the plugin', async (t) => {
  const before = await listen(t, await shop({}, {}, async (app) => { await app.register(helmet) }))
  await works(t, `${before.url}/asyncapi`)
  const app = await shop()
  await app.register(helmet, {
    contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], scriptSrc: ["'none'"] } }
  })
  await works(t, `${(await listen(t, app)).url}/asyncapi`)
})

t.test('with @fastify/swagger-ui each page leads to the other one', async (t) => {
  const app = await shop({}, {}, async (app) => {
    await app.register(swagger, {
      openapi: {
        info: { title: 'Shop', version: '1.4.0' },
        externalDocs: { url: '/asyncapi', description: 'Topics and messages' }
      }
    })
    await app.register(swaggerUi)
  })
  const { url } = await listen(t, app)
  const { page, problems } = await visit(t, `${url}/asyncapi`)
  await page.getByRole('link', { name: 'HTTP' }).click()
  await page.waitForURL(`${url}/documentation`)
  await page.getByRole('link', { name: 'Topics and messages' }).waitFor()
  t.equal(
    new URL(await page.getByRole('link', { name: 'Topics and messages' }).getAttribute('href') ?? '', page.url()).href,
    `${url}/asyncapi`
  )
  t.same(Object.keys((await (await fetch(`${url}/documentation/json`)).json() as { paths: object }).paths), [])
  t.same(problems, [])
})

t.test('a theme and a logo are files of their own', async (t) => {
  const { url } = await listen(t, await shop({
    theme: {
      title: 'Topics',
      css: ':root { --accent: rgb(160, 32, 122) } .brand img { border: 1px solid }',
      favicon: { type: 'image/svg+xml', content: '<svg xmlns="http://www.w3.org/2000/svg"/>' }
    },
    logo: {
      type: 'image/svg+xml',
      content: '<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"><circle cx="14" cy="14" r="14" fill="#a0207a"/></svg>'
    }
  }))
  const { page, problems } = await visit(t, `${url}/asyncapi/`)
  t.equal(await page.title(), 'Topics')
  t.equal(await page.locator('.brand img').evaluate((image) => (image as HTMLImageElement).naturalWidth), 28)
  t.equal(
    await page.getByRole('link', { name: 'YAML' }).evaluate((link) => getComputedStyle(link).color), 'rgb(160, 32, 122)'
  )
  await shoot(page, 'theme')
  t.same(problems, [])
})

t.test('what cannot be loaded is said in words', async (t) => {
  const answers: Array<[status: number, body: string, said: RegExp]> = [
    [404, '{}', /The server answered 404 Not Found/],
    [200, '{ "asyncapi": ', /What the server sent is no JSON/],
    [200, '{ "asyncapi": "2.6.0" }', /It is no AsyncAPI 3 document/],
    [200, 'null', /It is no AsyncAPI 3 document/]
  ]
  for (const [status, body, said] of answers) {
    const { url } = await listen(t, await shop({}, {}, async (app) => {
      // In the way of the plugin's own route.
      app.addHook('onRequest', async (request, reply) => {
        if (request.url === '/asyncapi/json') return await reply.code(status).type('application/json').send(body)
      })
    }))
    const { page } = await visit(t, `${url}/asyncapi`)
    t.match(await page.getByRole('alert').innerText(), said)
    await shoot(page, `failure-${status}`)
  }
})

t.test('100 operations are there at once', async (t) => {
  const app = await shop()
  for (let index = 0; index < 50; index++) {
    const schema = {
      value: {
        $id: `Thing${index}`,
        type: 'object',
        required: ['id'],
        properties: Object.fromEntries(Array.from(
          { length: 12 },
          (_, property) => [
            `property${property}`, { type: 'string', description: `The ${property}th of them`, maxLength: 100 + index }
          ]
        ))
      }
    }
    app.broker.publisher(`things.${index}.made`, {
      schema, title: `Thing ${index} was made`, description: 'Some words about it', tags: ['things']
    })
    app.broker.subscriber(
      `things.${index}.wanted`, { schema, deadLetter: false, title: `Make thing ${index}` }, () => {}
    )
  }
  const { url } = await listen(t, app)
  // The browser is started, what it knows of the page is forgotten.
  await visit(t, `${url}/asyncapi`)
  const { page, problems } = await visit(t, BLANK)
  const session = await page.context().newCDPSession(page)
  let transferred = 0
  session.on('Network.loadingFinished', ({ encodedDataLength }) => { transferred += encodedDataLength })
  await session.send('Network.enable')
  const start = performance.now()
  await page.goto(`${url}/asyncapi`, { waitUntil: 'commit' })
  await Promise.all([
    page.locator('h1').waitFor(), page.getByRole('searchbox').waitFor(), page.locator('.operation').first().waitFor()
  ])
  const elapsed = performance.now() - start
  await page.waitForLoadState('networkidle')
  t.equal(await page.locator('.operation .action').count(), 110)
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length)
  t.comment(`${elapsed.toFixed(0)} ms, ${(transferred / 1000).toFixed(1)} kB, ${nodes} nodes`)
  t.ok(elapsed <= 1500, 'in 1.5 s')
  t.ok(transferred <= 200_000, 'in 200 kB')
  t.ok(nodes < 5000, 'with few nodes')
  await shoot(page, 'hundred')
  t.same(problems, [])
})
