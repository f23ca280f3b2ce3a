import type { MessageSteps, SubscriberPlan } from './subscriber-plan.js'

/**
 * Wraps the plan's steps into its middlewares. Without middlewares it returns the plan itself, so that nothing is
 * added per message.
 */
export function composeSteps<Message> (plan: SubscriberPlan<Message>): MessageSteps<Message> {
  const { middlewares = [] } = plan
  return middlewares.reduceRight<MessageSteps<Message>>((inner, wrap) => wrap(inner), plan)
}
