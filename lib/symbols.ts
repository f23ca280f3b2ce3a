/** On an instance: its brokers by name, its parents' included. */
export const kBrokers = Symbol('faststream.brokers')
/** In the config of a route of the plugin's own: it takes no dependencies, so that `withDeps` may come after it. */
export const kOwnRoute = Symbol('faststream.ownRoute')
/** On a request: the brokers bound to it, once one was asked for. */
export const kRequestBrokers = Symbol('faststream.requestBrokers')
