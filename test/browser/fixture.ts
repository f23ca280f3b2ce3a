import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import tap, { type Test } from 'tap'
import type { AxeResults } from 'axe-core'
import type { FastifyInstance } from 'fastify'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { testBroker, type TestBroker } from '../../lib/testing/index.js'
import { executablePath } from './chromium.js'

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const SCREENSHOTS = 'test/browser/screenshots'
const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'
]

export const DESKTOP = { width: 1280, height: 900 }
/** A visit before it goes anywhere. */
export const BLANK = 'about:blank'
export const PHONE = { width: 390, height: 844 }

/**
 * A page, and what went wrong on it: what it logs as an error, what its policy forbids, and what it asks others for.
 */
export interface Visit {
  readonly page: Page
  readonly problems: string[]
}

let browser: Promise<Browser> | undefined

/** One for a test file, with a profile of its own. */
async function launch (): Promise<Browser> {
  if (browser === undefined) {
    browser = chromium.launch({ executablePath, headless: true, args: ARGS })
    tap.teardown(async () => { await (await browser)?.close() })
  }
  return await browser
}

/** Where the app is, which needs no Kafka. */
export async function listen (t: Test, app: FastifyInstance): Promise<{ url: string, broker: TestBroker }> {
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, broker }
}

export async function visit (t: Test, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await (await launch()).newContext({ viewport: DESKTOP, ...options })
  t.teardown(() => context.close())
  const page = await context.newPage()
  const problems: string[] = []
  const { origin } = new URL(url)
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  page.on('pageerror', (error) => { problems.push(String(error)) })
  page.on('dialog', (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss().catch(() => {}) })
  page.on('popup', (popup) => { problems.push(`popup: ${popup.url()}`) })
  page.on('request', (request) => {
    if (url !== BLANK && !request.url().startsWith(origin) && !request.url().startsWith('data:')) {
      problems.push(`asks for ${request.url()}`)
    }
  })
  await page.exposeBinding('reportViolation', (_, violation: string) => { problems.push(`forbidden: ${violation}`) })
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      (
        globalThis as unknown as { reportViolation (text: string): void }
      ).reportViolation(`${violatedDirective} ${blockedURI}`)
    })
  })
  if (url !== BLANK) {
    await page.goto(url)
    await page.locator('main').waitFor()
  }
  return { page, problems }
}

/** Kept for people to look at. */
export async function shoot (page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage })
}

/** What is wider than the window, if that makes the page so. */
export async function overflow (page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth <= clientWidth) return []
    return [...document.querySelectorAll('body *')].filter(
      (element) => element.getBoundingClientRect().right > clientWidth
    ).map((element) => element.outerHTML.slice(0, 200)).slice(0, 5)
  })
}

/** What axe finds of what matters, in words. */
export async function violations (page: Page): Promise<string[]> {
  // By the debugger, whom the page's policy does not bind.
  await page.evaluate(await readFile(axe, 'utf8'))
  const { violations } = await page.evaluate(async () => {
    // It looks at what is out of sight, too.
    for (const element of document.querySelectorAll<HTMLElement>('.operation')) {
      element.style.contentVisibility = 'visible'
    }
    return await (globalThis as unknown as { axe: { run (): Promise<AxeResults> } }).axe.run()
  })
  return violations.flatMap(
    ({ id, impact, nodes }) => impact === 'minor' ? [] : nodes.map(({ html }) => `${id}: ${html}`)
  )
}
