import { inspect } from 'node:util'
import type { RecordMetadata, SeekTarget, SubscriberWithoutHandler } from '../../types/index.js'
import { LONGEST_TIMER } from '../clock.js'
import type { Reader } from '../consume/partition/reader.js'
import { FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { ReceivedMessage } from '../message/received-message.js'
import { isObject, noSurplus, number, onlyKnown } from '../options/assert.js'
import { inspected, type InspectStyle } from '../shown.js'
import type { SubscriberDeclaration, WrittenSubscriber } from './declaration.js'
import type { SubscriberPlaces, SubscriberSource } from './handles.js'
import { Places } from './places.js'
import { checkOffset, checkSeek, SEEK } from './seek-target.js'

const SKIP_TO = 'skipTo({ topic, partition, offset })'
const CURE = 'make a router for each app, or declare the subscriber in the app'
/** ms */
const GET_ONE_TIMEOUT = 5000

/** What subscriber() returned. It reads messages only where there is no handler. */
export class SubscriberHandle implements SubscriberWithoutHandler<ReceivedMessage> {
  readonly #written: WrittenSubscriber
  readonly #places: SubscriberPlaces

  constructor (written: WrittenSubscriber, places: SubscriberPlaces) {
    this.#written = written
    this.#places = places
  }

  /** Handle of a subscriber that is declared in a scope. */
  static declared (declaration: SubscriberDeclaration, source: SubscriberSource): SubscriberHandle {
    return new SubscriberHandle(declaration, new Places(declaration.topics.join(', '), { declaration, source }))
  }

  /** Takes only what subscriber() returned, and no copy of it. */
  static isHandle (value: unknown): value is SubscriberHandle {
    return typeof value === 'object' && value !== null && #places in value
  }

  /** The declarations that a handle stands for: of a subscriber with cases the first one. */
  static declarationsOf (handle: SubscriberHandle): readonly SubscriberDeclaration[] {
    return handle.#places.all.map(({ declaration }) => declaration)
  }

  get topics (): readonly string[] {
    const place = this.#places.single
    return place === undefined ? this.#written.topics : place.source.topicsOf(place.declaration)
  }

  get groupId (): string | null {
    const place = this.#places.single
    return place === undefined ? this.#written.options.groupId ?? null : place.source.groupIdOf(place.declaration)
  }

  get isPaused (): boolean {
    return this.#places.all.every(({ source, declaration }) => source.paused.has(declaration))
  }

  pause = (...surplus: unknown[]): void => {
    noSurplus('pause()', surplus)
    for (const { source, declaration } of this.#places.all) source.paused.pause(declaration)
  }

  resume = (...surplus: unknown[]): void => {
    noSurplus('resume()', surplus)
    for (const { source, declaration } of this.#places.all) source.paused.resume(declaration)
  }

  skipTo = (to: RecordMetadata, ...surplus: unknown[]): void => {
    noSurplus(SKIP_TO, surplus)
    if (!isObject(to)) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(SKIP_TO, 'it takes an object')
    const { topic, partition, offset } = to
    const { source, declaration } = this.#places.only(CURE)
    this.#checkTopic(topic)
    checkOffset(offset)
    source.skipTo(declaration, { topic, partition, offset })
  }

  start = async (...surplus: unknown[]): Promise<this> => {
    noSurplus('start()', surplus)
    const { source, declaration } = this.#places.only(CURE)
    await source.dynamic.start(declaration)
    return this
  }

  stop = async (...surplus: unknown[]): Promise<void> => {
    noSurplus('stop()', surplus)
    const { source, declaration } = this.#places.only(CURE)
    await source.dynamic.stop(declaration)
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.stop()
  }

  seek = async (to: SeekTarget, ...surplus: unknown[]): Promise<void> => {
    noSurplus(SEEK, surplus)
    const { source, declaration } = this.#places.only(CURE)
    const at = checkSeek(to)
    if (typeof at === 'object' && 'topic' in at) this.#checkTopic(at.topic)
    await source.dynamic.seek(declaration, at)
  }

  getOne = async (
    options: { timeout?: number | undefined } = {}, ...surplus: unknown[]
  ): Promise<ReceivedMessage | null> => {
    noSurplus('getOne(options)', surplus)
    onlyKnown('', options, ['timeout'])
    const timeout = number('timeout', options.timeout ?? GET_ONE_TIMEOUT, 0, LONGEST_TIMER)
    return await this.#reader('getOne()').take(timeout) ?? null
  }

  [Symbol.asyncIterator] (): AsyncIterator<ReceivedMessage, void, undefined> {
    return this.#reader('for await').messages()
  }

  #reader (call: string): Reader<ReceivedMessage> {
    const { source, declaration } = this.#places.only(CURE)
    return source.dynamic.reader(declaration, call)
  }

  #checkTopic (topic: unknown): void {
    const { source, declaration } = this.#places.only(CURE)
    if (typeof topic === 'string' && source.reads(declaration, topic)) return
    const cure = `must be one that the subscriber reads: ${this.topics.join(', ')}`
    throw new FASTSTREAM_ERR_INVALID_OPTION('topic', cure)
  }

  toJSON (): object {
    return { topics: this.topics, groupId: this.groupId }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('Subscriber', this.toJSON(), depth, options, inspectWith)
  }
}
