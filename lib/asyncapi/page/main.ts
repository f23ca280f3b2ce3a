import { append, el } from './dom.js'
import { createModel } from './model.js'
import { applyTheme } from './theme.js'
import { createPage } from './page.js'

/* Runs in <head>: the theme is there before anything is painted, the rest waits for the body. */

/** Address of the page's folder. This file is in its folder `static/`, also behind a prefix. */
const base = new URL('..', (document.currentScript as HTMLScriptElement).src)

applyTheme()
addEventListener('DOMContentLoaded', start)

async function start (): Promise<void> {
  try {
    append(document.body, createPage(createModel(await load()), base))
  } catch (error) {
    append(document.body, [el('main', { class: 'failure', role: 'alert' },
      el('h1', {}, 'The document could not be shown'),
      el('p', {}, error instanceof Error ? error.message : String(error)),
      el('p', {}, el('a', { href: new URL('json', base).href }, 'Look at the document itself'))
    )])
  }
}

async function load (): Promise<unknown> {
  const response = await fetch(new URL('json', base)).catch(() => {
    throw new Error('The server could not be reached.')
  })
  if (!response.ok) throw new Error(`The server answered ${response.status} ${response.statusText}`)
  return await response.json().catch(() => { throw new Error('What the server sent is no JSON.') })
}
