import type { FastifyTypeProvider } from 'fastify'
import type { Inherited, Resolved } from './dependency.js'
import type { Part, Read } from './provider.js'
import type { Response } from './publish.js'
import type { Message } from './message.js'
import type { TopicParams } from './topics.js'

/* Types that subscribers and cases share. They are no names of the package. */

/** Message of a subscriber with these schemas, dependencies and topics. */
export type MessageOf<P extends FastifyTypeProvider, S, D, T = string> = Message<
  Read<P, Part<S, 'value'>>,
  Part<S, 'key'> extends undefined ? Buffer | null : Read<P, Part<S, 'key'>>,
  Part<S, 'headers'> extends undefined ? Readonly<Record<string, string>> : Read<P, Part<S, 'headers'>>,
  Resolved<D> & Inherited<P>,
  TopicParams<T>,
  P
>

type Out<V> = V | Response<V | null | undefined> | null | undefined | void

/** Result of a handler, checked against its publisher if that has a type. */
export type Returned<R> = unknown extends R ? unknown : Out<R> | Promise<Out<R>>
