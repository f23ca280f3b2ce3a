/** Key on an instance of its brokers by name, its parents' included. */
export const kBrokers = Symbol('faststream.brokers')
/** Mark in the config of the plugin's own routes: they take no dependencies, so `withDeps` may come after them. */
export const kOwnRoute = Symbol('faststream.ownRoute')
/** Key on a request of the brokers bound to it, once one was asked for. */
export const kRequestBrokers = Symbol('faststream.requestBrokers')
/** Key on `globalThis`, shared by all copies of the package: the environment of a process that only looks at apps. */
export const kInspected = Symbol.for('fastify-faststream.inspected')
