/** On an instance: its brokers by name, its parents' included. */
export const kBrokers = Symbol('faststream.brokers')
/** On a request: the brokers bound to it, once one was asked for. */
export const kRequestBrokers = Symbol('faststream.requestBrokers')
