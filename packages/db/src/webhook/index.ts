/** Addresses outside that are told what happens: what they are, what they are told, and how that goes. */
export {
  claimDeliveries,
  DELIVERY_DAYS,
  type DeliveryTried,
  type DeliveryTry,
  deliveryTried,
  purgeDeliveries,
  redeliver,
} from './delivery.ts';
export {
  claimLooks,
  type Happening,
  readEvents,
  type SweepFacts,
  sweepFacts,
  type Telling,
  tellWebhooks,
} from './tell.ts';
export {
  addWebhook,
  changeWebhook,
  MOST_WEBHOOKS,
  removeWebhook,
  rotateWebhook,
  testWebhook,
  type WebhookChange,
} from './webhook.ts';
