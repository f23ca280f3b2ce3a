import { deadLetterHeaderRows } from '../../lib/message/dead-letter-described.js'

/** `docs/dead-letters.md`. */
export function deadLettersPage (): string {
  const lines = deadLetterHeaderRows().map(({ name, required, description }) => {
    return `| \`${name}\` | ${required ? 'always' : 'where there is one'} | ${description} |`
  })
  return `# Headers of dead letters

<!-- Generated from lib/message/dead-letter-headers.ts by \`npm run docs\`. -->

A [dead letter](subscribing.md#dead-letters) has the headers of its message and these. Their values are UTF-8 text with
bounds, so a dead letter is never much larger than its message. A handler of dead letters reads them as
\`message.deadLetter\`.

| header | | |
|---|---|---|
${lines.join('\n')}
`
}
