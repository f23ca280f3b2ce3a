import type { Api, Requests, VersionRange } from '../kafka/wire.js'

/** kafkajs's parameters and answer of one request, against those of the port. */
export interface Mapping<Kind extends Api, Answer = unknown> {
  /** kafkajs's name of the request. */
  readonly kafkajs: string
  /** Versions that carry everything that the port asks for. */
  readonly versions: VersionRange
  readonly toParameters: (request: Requests[Kind]['parameters']) => object
  readonly toAnswer: (answer: Answer) => Requests[Kind]['answer']
}

export function mapping<Kind extends Api, Answer> (map: Mapping<Kind, Answer>): Mapping<Kind> {
  return { ...map, toAnswer: (answer) => map.toAnswer(answer as Answer) }
}

export function same<Value> (value: Value): Value {
  return value
}
