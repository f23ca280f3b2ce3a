import { transports } from '../simulation-world.js'
import { subscriptionChanges } from '../subscription-changes.js'
import { subscriptions } from '../subscriptions.js'

subscriptions(transports)
subscriptionChanges(transports)
