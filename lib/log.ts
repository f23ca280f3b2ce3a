/** The part of Fastify's logger that the core uses: object first, message second, lower case. */
export interface Log {
  debug (details: object, message: string): void
  info (details: object, message: string): void
  warn (details: object, message: string): void
  error (details: object, message: string): void
}
