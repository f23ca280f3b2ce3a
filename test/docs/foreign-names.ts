import { readFileSync } from 'node:fs'

/** Names of one method in the reference pages of FastStream and FastKafka. */
export interface ForeignMethod {
  /** `FastStream KafkaRouter` or `FastKafka Tester`. */
  readonly source: string
  readonly method: string
  readonly parameters: readonly string[]
}

const LINES = readFileSync('test/docs/names.txt', 'utf8').split('\n')

/** The methods of names.txt, with their parameters. */
export const METHODS: readonly ForeignMethod[] = LINES
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [source = '', method = '', parameters = ''] = line.split('|').map((part) => part.trim())
    return { source, method, parameters: parameters.split(' ').filter((name) => name !== '') }
  })

/** What names.txt says of the README, in its first lines. */
export const README_TEXT = LINES.filter((line) => line.startsWith('#')).join(' ').replaceAll(/\s*#\s*/g, ' ')

/** Every parameter, once. */
export const PARAMETERS: readonly string[] = [...new Set(METHODS.flatMap(({ parameters }) => parameters))]

/** Names of the README: those of the text above, and those of its program and its tests. */
export const README_NAMES: readonly string[] = [
  'FastStream', 'Logger', 'Depends', 'Context', 'Field', 'ValidationError', 'TestKafkaBroker', 'faststream run',
  '--reload', '--workers', 'docs gen', 'docs serve', 'on_startup', 'after_startup', 'on_shutdown', 'middlewares',
  'lifespan', 'KafkaBroker', '@broker.subscriber', '@broker.publisher', 'broker.publish', 'BaseModel',
  'NonNegativeFloat', 'mock'
]
