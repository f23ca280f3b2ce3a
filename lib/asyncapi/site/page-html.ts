import type { Assets } from './page-assets.js'

export interface PageFacts {
  readonly title: string
  readonly publish: boolean
  /** From the page's folder to the HTTP half of the app; undefined: it has none that is known. */
  readonly openapi: string | undefined
}

/** @param folder from the address of the page: './' or './asyncapi/' */
export function renderPage ({ title, publish, openapi }: PageFacts, { script, style, favicon, theme, logo }: Assets, folder: string): string {
  const at = (name: string): string => escape(`${folder}static/${name}`)
  return `<!doctype html>
<html lang="en"${attribute('publish', publish ? '' : undefined)}${attribute('openapi', openapi)}${attribute('logo', logo && `static/${logo.name}`)}>
<head>
<meta charset="utf-8">
<title>${escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${at(favicon.name)}" type="${escape(favicon.type)}">
<link rel="stylesheet" href="${at(style.name)}">
${theme === undefined ? '' : `<link rel="stylesheet" href="${at(theme.name)}">\n`}<script src="${at(script.name)}"></script>
</head>
<body>
<noscript>Without JavaScript there is the document itself: <a href="${escape(folder)}json">JSON</a>, <a href="${escape(folder)}yaml">YAML</a>.</noscript>
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
