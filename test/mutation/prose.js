/*
 * Which texts are no mutants: those that a person reads. A text of an error or a log says what happened and what to do.
 * Tests look for its names (topic, option, code), which are mutants of their own; a test of the whole sentence would
 * hold the wording, and fail when somebody makes it clearer. Texts without words that follow each other are protocol:
 * names of headers, options, events and codes. They are mutants.
 */

const PROSE = 'A text that a person reads: its wording is not held by tests.'

/** The reason why a text is no mutant. */
export function isProse ({ node }) {
  return textsOf(node).some((text) => /[a-z][.,:;]? | [a-z]/i.test(text)) ? PROSE : undefined
}

function textsOf (node) {
  if (node.type === 'StringLiteral') return [node.value]
  return node.type === 'TemplateLiteral' ? node.quasis.map(({ value }) => value.raw) : []
}
