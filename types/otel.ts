/**
 * Options of tracing with OpenTelemetry. FastStream: `KafkaTelemetryMiddleware`.
 *
 * @example
 * await app.register(faststreamPlugin, { groupId: 'shop', otel: { link: true } })
 */
export interface OtelOptions {
  /**
   * True: the span of a message begins a trace of its own, with a link to the span that published the message.
   * Otherwise it is the child of that span, so that a request, its messages and what their handlers publish are one
   * trace.
   *
   * @default false
   */
  link?: boolean | undefined
}
