import {
  addWebhook,
  changeWebhook,
  DELIVERY_DAYS,
  DeliveryStatus,
  MOST_WEBHOOKS,
  redeliver,
  removeWebhook,
  rotateWebhook,
  testWebhook,
  WebhookKind,
} from '@smallbatch/db';
import {
  builder,
  globalId,
  InvalidInput,
  idOf,
  invalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  type ProblemShape,
  readPart,
  resolveType,
} from '../builder.ts';
import { urlProblem } from './address.ts';
import { bodyOf } from './body.ts';

const WebhookKindEnum = builder.enumType(WebhookKind, {
  name: 'WebhookKind',
  description:
    'What a webhook can be told of. SWEEP_ENDED: all runs of a sweep have ended. SWEEP_FAILED: the same, and some of them failed; who listens to both is told once, as this. SWEEP_STUCK, WORKER_LOST: as of notices. MENTIONED: as of events.',
});
const DeliveryStatusEnum = builder.enumType(DeliveryStatus, {
  name: 'DeliveryStatus',
  description: 'WAITING: it is tried, now or at nextTryAt. GIVEN_UP: the last try failed too.',
});
const DELIVERIES = { usual: 10, most: 50 };

const WebhookDelivery = builder.prismaObject('WebhookDelivery', {
  description: `What a webhook is told of one thing that happened, and how that went; kept for ${DELIVERY_DAYS} days.`,
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => globalId('WebhookDelivery', id) }),
    kind: t.expose('kind', { type: WebhookKindEnum, nullable: true, description: 'Of what; null: a test.' }),
    status: t.expose('status', { type: DeliveryStatusEnum, description: 'Where it stands.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was written down.' }),
    tries: t.exposeInt('tries', { description: 'How often it was tried.' }),
    triedAt: t.expose('triedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was tried last.',
    }),
    nextTryAt: t.expose('nextTryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is tried next; null: never again.',
    }),
    httpStatus: t.exposeInt('httpStatus', {
      nullable: true,
      description: 'Status of the last answer; null: there was none.',
    }),
    error: t.exposeString('error', { nullable: true, description: 'Why the last try failed.' }),
    body: t.exposeString('body', { description: 'What is sent, the same at each try.' }),
  }),
});
const Webhook = builder.prismaObject('Webhook', {
  description: 'An address outside that is told what happens in the team. Its secret is never shown again.',
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => globalId('Webhook', id) }),
    url: t.exposeString('url', { description: 'Where it is sent to.' }),
    kinds: t.expose('kinds', { type: [WebhookKindEnum], description: 'What it is told of.' }),
    active: t.exposeBoolean('active', {
      description: 'Whether it is told. What happens meanwhile is not told later.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
    createdBy: t.relation('creator', { nullable: true, description: 'Who added it.' }),
    rotatedAt: t.expose('rotatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last got a new secret; the one before signs too for a day.',
    }),
    deliveries: t.relation('deliveries', {
      description: 'What it was told, the newest first.',
      args: {
        first: t.arg.int({
          description: `How many, at most ${DELIVERIES.most}; ${DELIVERIES.usual} unless said.`,
        }),
      },
      query: ({ first }) => ({
        orderBy: [{ createdAt: 'desc' as const }, { id: 'desc' as const }],
        take: readPart({ first: first ?? null }, DELIVERIES).count,
      }),
    }),
  }),
});

const shown = { type: Webhook, description: 'The webhook.' } as const;
const secretText = 'Shown once: what each delivery is signed with.';
const WebhookAdded = builder
  .objectRef<Outcome<'WebhookAdded', { id: string; secret: string }>>('WebhookAdded')
  .implement({
    description: 'It is told what happens from now on.',
    isTypeOf: isOutcome('WebhookAdded'),
    fields: (t) => ({
      webhook: t.prismaField({
        ...shown,
        resolve: (query, { id }, _args, { db }) =>
          db.prisma.webhook.findUniqueOrThrow({ ...query, where: { id } }),
      }),
      secret: t.exposeString('secret', { description: secretText }),
    }),
  });
const WebhookChanged = builder
  .objectRef<Outcome<'WebhookChanged', { id: string }>>('WebhookChanged')
  .implement({
    description: 'It is as it was asked for.',
    isTypeOf: isOutcome('WebhookChanged'),
    fields: (t) => ({
      webhook: t.prismaField({
        ...shown,
        resolve: (query, { id }, _args, { db }) =>
          db.prisma.webhook.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  });
const WebhookRotated = builder
  .objectRef<Outcome<'WebhookRotated', { id: string; secret: string }>>('WebhookRotated')
  .implement({
    description: 'It has a new secret. For a day each delivery is signed with the one before too.',
    isTypeOf: isOutcome('WebhookRotated'),
    fields: (t) => ({ secret: t.exposeString('secret', { description: secretText }) }),
  });
const WebhookRemoved = builder
  .objectRef<Outcome<'WebhookRemoved', { id: string }>>('WebhookRemoved')
  .implement({
    description: 'It is told nothing any more, also not what waited.',
    isTypeOf: isOutcome('WebhookRemoved'),
    fields: (t) => ({
      id: t.id({ description: 'What its id was.', resolve: ({ id }) => globalId('Webhook', id) }),
    }),
  });
const DeliveryWaits = builder.objectRef<Outcome<'DeliveryWaits', { id: string }>>('DeliveryWaits').implement({
  description: 'It is sent within seconds; how that went is seen on the delivery.',
  isTypeOf: isOutcome('DeliveryWaits'),
  fields: (t) => ({
    delivery: t.prismaField({
      type: WebhookDelivery,
      description: 'The delivery.',
      resolve: (query, { id }, _args, { db }) =>
        db.prisma.webhookDelivery.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
});
const AddWebhookResult = builder.unionType('AddWebhookResult', {
  description: 'What became of adding a webhook.',
  types: [WebhookAdded, InvalidInput],
  resolveType,
});
const ChangeWebhookResult = builder.unionType('ChangeWebhookResult', {
  description: 'What became of changing a webhook.',
  types: [WebhookChanged, NotFound, InvalidInput],
  resolveType,
});
const RotateWebhookResult = builder.unionType('RotateWebhookResult', {
  description: 'What became of a new secret.',
  types: [WebhookRotated, NotFound],
  resolveType,
});
const RemoveWebhookResult = builder.unionType('RemoveWebhookResult', {
  description: 'What became of removing a webhook.',
  types: [WebhookRemoved, NotFound],
  resolveType,
});
const DeliverResult = builder.unionType('DeliverResult', {
  description: 'What became of sending something.',
  types: [DeliveryWaits, NotFound],
  resolveType,
});

const unknown = () => notFound('unknown webhook: webhooks { id } names those that there are');
function problemsOf(
  { url, kinds }: { url?: string | null | undefined; kinds?: readonly WebhookKind[] | null | undefined },
  allowPrivate: boolean,
): ProblemShape[] {
  const wrong = typeof url === 'string' ? urlProblem(url, allowPrivate) : undefined;
  return [
    ...(wrong
      ? [
          {
            path: ['url'],
            value: url?.slice(0, 200),
            message: `invalid url: ${wrong}`,
            allowed: allowPrivate
              ? 'an address of http or https'
              : 'an address of https in the public internet; others where the operator allows them (SMALLBATCH_WEBHOOK_PRIVATE=1)',
          },
        ]
      : []),
    ...(kinds?.length === 0
      ? [{ path: ['kinds'], value: [], message: 'missing kinds', allowed: 'at least one' }]
      : []),
  ];
}

builder.queryFields((t) => ({
  webhooks: t.prismaField({
    type: [Webhook],
    description: `The webhooks of the team, the oldest first, at most ${MOST_WEBHOOKS}.`,
    resolve: (query, _root, _args, { db, viewer }) =>
      db.prisma.webhook.findMany({
        ...query,
        where: { teamId: viewer!.teamId },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      }),
  }),
}));
builder.mutationFields((t) => ({
  addWebhook: t.field({
    type: AddWebhookResult,
    description: 'Adds an address that is told what happens from now on.',
    args: {
      url: t.arg.string({ required: true, description: 'Where a POST of JSON is sent to: https.' }),
      kinds: t.arg({ type: [WebhookKindEnum], required: true, description: 'What it is told of.' }),
    },
    resolve: async (_root, { url, kinds }, { db, viewer, webhooks }) => {
      const problems = problemsOf({ url, kinds }, webhooks.allowPrivate);
      if (problems.length > 0) return invalidInput(problems);
      const { teamId, memberId } = viewer!;
      const added = await addWebhook(db, { teamId, memberId, url, kinds: [...new Set(kinds)] });
      return added
        ? outcome('WebhookAdded', added)
        : invalidInput([
            {
              path: [],
              value: MOST_WEBHOOKS,
              message: `the team has ${MOST_WEBHOOKS} webhooks`,
              allowed: `at most ${MOST_WEBHOOKS}: remove one first`,
            },
          ]);
    },
  }),
  changeWebhook: t.field({
    type: ChangeWebhookResult,
    description: 'Changes what is given of a webhook.',
    args: {
      id: t.arg.id({ required: true, description: 'Of the webhook.' }),
      url: t.arg.string({ description: 'Another address; what waits goes there too.' }),
      kinds: t.arg({ type: [WebhookKindEnum], description: 'What it is told of from now on.' }),
      active: t.arg.boolean({ description: 'Whether it is told.' }),
    },
    resolve: async (_root, { id, url, kinds, active }, { db, viewer, webhooks }) => {
      const problems = problemsOf({ url, kinds }, webhooks.allowPrivate);
      if (problems.length > 0) return invalidInput(problems);
      const uuid = idOf('Webhook', id);
      const change = {
        url: url ?? undefined,
        kinds: kinds ? [...new Set(kinds)] : undefined,
        active: active ?? undefined,
      };
      return (await changeWebhook(db, viewer!.teamId, uuid, change))
        ? outcome('WebhookChanged', { id: uuid })
        : unknown();
    },
  }),
  rotateWebhook: t.field({
    type: RotateWebhookResult,
    description: 'Gives a webhook a new secret; the one before signs too for a day.',
    args: { id: t.arg.id({ required: true, description: 'Of the webhook.' }) },
    resolve: async (_root, { id }, { db, viewer }) => {
      const uuid = idOf('Webhook', id);
      const secret = await rotateWebhook(db, viewer!.teamId, uuid);
      return secret ? outcome('WebhookRotated', { id: uuid, secret }) : unknown();
    },
  }),
  removeWebhook: t.field({
    type: RemoveWebhookResult,
    description: 'Removes a webhook with its deliveries, also those that wait.',
    args: { id: t.arg.id({ required: true, description: 'Of the webhook.' }) },
    resolve: async (_root, args, { db, viewer }) => {
      const id = idOf('Webhook', args.id);
      return (await removeWebhook(db, viewer!.teamId, id)) ? outcome('WebhookRemoved', { id }) : unknown();
    },
  }),
  testWebhook: t.field({
    type: DeliverResult,
    description: 'Sends a webhook a test.',
    args: { id: t.arg.id({ required: true, description: 'Of the webhook.' }) },
    resolve: async (_root, args, { db, viewer, webhooks }) => {
      const id = await testWebhook(db, viewer!.teamId, idOf('Webhook', args.id), bodyOf(webhooks.publicUrl));
      return id ? outcome('DeliveryWaits', { id }) : unknown();
    },
  }),
  redeliver: t.field({
    type: DeliverResult,
    description: 'Sends a delivery again, with the same id and body, whether it arrived or not.',
    args: { id: t.arg.id({ required: true, description: 'Of the delivery.' }) },
    resolve: async (_root, args, { db, viewer }) => {
      const id = idOf('WebhookDelivery', args.id);
      return (await redeliver(db, viewer!.teamId, id))
        ? outcome('DeliveryWaits', { id })
        : notFound(`unknown delivery, or older than ${DELIVERY_DAYS} days`);
    },
  }),
}));
