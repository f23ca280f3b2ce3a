import type { Assets } from './page-assets.js'

export interface PageFacts {
  readonly title: string
  readonly publish: boolean
  /** Whether the operations have live counters. */
  readonly counters: boolean
  /** Path from the page's folder to the HTTP half of the app; undefined when it has none that is known. */
  readonly openapi: string | undefined
  /** Path from the page's folder to the routes of the dead letters that an operation sends, by the operation's id. */
  readonly letters: Readonly<Record<string, string>>
}

/** @param folder from the address of the page: './' or './asyncapi/' */
export function renderPage (facts: PageFacts, assets: Assets, folder: string): string {
  const { title, publish, counters, openapi, letters } = facts
  const { script, style, favicon, theme, logo } = assets
  const at = (name: string): string => escape(`${folder}static/${name}`)
  const attributes = [
    attribute('publish', publish ? '' : undefined),
    attribute('counters', counters ? '' : undefined),
    attribute('openapi', openapi),
    attribute('letters', Object.keys(letters).length === 0 ? undefined : JSON.stringify(letters)),
    attribute('logo', logo && `static/${logo.name}`)
  ].join('')
  const themeLink = theme === undefined ? '' : `<link rel="stylesheet" href="${at(theme.name)}">\n`
  const links = `<a href="${escape(folder)}json">JSON</a>, <a href="${escape(folder)}yaml">YAML</a>`
  return `<!doctype html>
<html lang="en"${attributes}>
<head>
<meta charset="utf-8">
<title>${escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${at(favicon.name)}" type="${escape(favicon.type)}">
<link rel="stylesheet" href="${at(style.name)}">
${themeLink}<script src="${at(script.name)}"></script>
</head>
<body>
<noscript>Without JavaScript there is the document itself: ${links}.</noscript>
</body>
</html>
`
}

function attribute (name: string, value: string | undefined): string {
  return value === undefined ? '' : ` data-${name}="${escape(value)}"`
}

function escape (text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
